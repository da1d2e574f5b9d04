import t from 'tap'
import { adapterContract } from '../contract/adapter-contract.js'
import { express5 } from '../support/adapters.js'

adapterContract(t, express5)
