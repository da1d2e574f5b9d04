import t from 'tap'
import { adapterContract } from '../contract/adapter-contract.js'
import { express5MessageClasses } from '../support/adapters.js'

adapterContract(t, express5MessageClasses)
