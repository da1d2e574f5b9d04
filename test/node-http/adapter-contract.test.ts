import t from 'tap'
import { adapterContract } from '../contract/adapter-contract.js'
import { nodeHttp } from '../support/adapters.js'

adapterContract(t, nodeHttp)
