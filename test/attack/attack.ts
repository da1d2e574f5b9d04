import { strict as assert } from 'node:assert'
import type { ClientHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import { dial, openSession } from '../support/client.js'
import { within } from '../support/forked-process.js'
import type { HostProcess } from '../support/host-process.js'
import { until } from '../support/processes.js'
import type { Site } from './site.js'

/** One attack on a host. */
export interface Attack {
  readonly name: string
  /** Where it has been seen, or what forbids it: a CVE, a section of an RFC, a rule of the contract. */
  readonly source: string
  /** @throws where the host does not answer as it must. */
  run(attacker: Attacker): Promise<void>
}

/** Who attacks: all connections of one attack, ended with it. */
export class Attacker {
  readonly host: HostProcess
  readonly site: Site
  readonly #sockets = new Set<Socket>()
  readonly #sessions = new Set<ClientHttp2Session>()

  constructor(host: HostProcess, site: Site) {
    this.host = host
    this.site = site
  }

  async dial(): Promise<Socket> {
    const socket = await dial(this.host)
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    return socket
  }

  /** A session of HTTP/2. */
  session(): ClientHttp2Session {
    const session = openSession(this.host)
    this.#sessions.add(session)
    session.once('close', () => this.#sessions.delete(session))
    return session
  }

  /** Sends bytes; resolves when the system has them. */
  async say(socket: Socket, bytes: string | Buffer): Promise<void> {
    const chunk = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
    // A connection that is closed meanwhile calls back as well, with its error.
    await new Promise<void>((resolve) => socket.write(chunk, () => resolve()))
  }

  /** All that comes until the connection is closed; what a reset takes back does not come. */
  async readToEnd(socket: Socket): Promise<string> {
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
    return Buffer.concat(chunks).toString('latin1')
  }

  /** Waits until the host runs or has queued as many as this. */
  async untilBusy(which: 'running' | 'queued', least: number): Promise<void> {
    await until(async () => (await this.host.report())[which] >= least, `${least} are ${which}`)
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    for (const session of this.#sessions) session.destroy()
  }
}

/** How long one attack may take, in milliseconds: none may make a client, or the suite, wait for ever. */
const PATIENCE = 20_000

/** Carries out one attack. @throws with its name. */
export async function carryOut(attack: Attack, host: HostProcess, site: Site): Promise<void> {
  const attacker = new Attacker(host, site)
  try {
    await within(attack.run(attacker), 'it was over', PATIENCE)
  } catch (cause) {
    throw new Error(`${attack.name} (${attack.source}): ${String(cause)}`, { cause })
  } finally {
    attacker.close()
  }
}

/** The status of each final answer in what has come on a connection of HTTP/1.1. */
export function statusesIn(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)]
    .map(([, status]) => Number(status))
    .filter((status) => status >= 200)
}

export function assertRefused(text: string, allowed: readonly number[]): void {
  const [status] = statusesIn(text)
  assert.ok(status !== undefined && allowed.includes(status), `got ${JSON.stringify(text)}`)
}

/** A host that closes a connection on which more is to come resets it, and may take its answer back. */
export function assertRefusedOrReset(text: string, allowed: readonly number[]): void {
  if (text !== '') assertRefused(text, allowed)
}
