export type { Address } from './connection/address.js'
