import t from 'tap'
import { middlewareContract } from '../contract/middleware-contract.js'
import { vite } from '../support/middleware-adapters.js'

middlewareContract(t, vite)
