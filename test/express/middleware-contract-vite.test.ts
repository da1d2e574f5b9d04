import { middlewareContract } from '../contract/middleware-contract.js'
import { vite } from '../middleware-adapters.js'

middlewareContract(vite)
