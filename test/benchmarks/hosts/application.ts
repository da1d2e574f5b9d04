import type { CgiOptions } from '@common-gateway/core'
import type { Server } from 'node:http'

/**
 * Starts an application on a free port of 127.0.0.1: scripts at `/cgi-bin/`, and a route of its own,
 * `/ordinary`, which answers a short text.
 */
export type StartApplication = (options: ApplicationOptions) => Promise<Server>

/** They come as JSON, and so without those that are functions; `main.ts` may add a spawner. */
export type ApplicationOptions = Omit<CgiOptions, 'env' | 'authenticate'> & { root: string }

export const ORDINARY = 'ordinary'
