import { adapterContract } from '../contract/adapter-contract.js'
import { express5 } from '../adapters.js'

adapterContract(express5)
