import t from 'tap'
import { adapterContract } from '../contract/adapter-contract.js'
import { express4MessageClasses } from '../support/adapters.js'

adapterContract(t, express4MessageClasses)
