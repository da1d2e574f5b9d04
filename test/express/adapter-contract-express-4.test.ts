import { adapterContract } from '../contract/adapter-contract.js'
import { express4 } from '../adapters.js'

adapterContract(express4)
