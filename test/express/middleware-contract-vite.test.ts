import t from 'tap'
import { middlewareContract } from '../contract/middleware-contract.js'
import { vite } from '../middleware-adapters.js'

middlewareContract(t, vite)
