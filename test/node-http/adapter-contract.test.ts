import { adapterContract } from '../contract/adapter-contract.js'
import { nodeHttp } from '../adapters.js'

adapterContract(nodeHttp)
