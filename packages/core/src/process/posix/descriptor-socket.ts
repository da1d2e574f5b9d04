import { type CLibrary, errorOf, loadCLibrary } from './c-library.js'

/** A connection to a child process, over which descriptors of this process are sent to it. */
export interface DescriptorSocket {
  /** The child's end, for its standard input. Close it here with {@link DescriptorSocket.closePeer} after the start. */
  readonly peer: number
  closePeer(): void
  /**
   * Sends one message with copies of descriptors. Never blocks, and raises no signal.
   *
   * @param message - a byte string; the child receives it as one message.
   * @param descriptors - at most {@link MOST_DESCRIPTORS}.
   * @returns false if it was not sent: the child takes no messages at the moment (EAGAIN), or none any more (EPIPE), the
   *   message is too large (EMSGSIZE), or too many descriptors are on their way (ETOOMANYREFS).
   */
  send(message: string, descriptors: readonly number[]): boolean
  /** Closes both ends: the child reads the end, after the messages that it has not read yet. */
  close(): void
}

/** The constants of Linux, from `sys/socket.h` of glibc and musl. */
const AF_UNIX = 1
const SOCK_SEQPACKET = 5
const SOL_SOCKET = 1
const SCM_RIGHTS = 1
const MSG_DONTWAIT = 0x40
const MSG_NOSIGNAL = 0x4000

/** How many descriptors one message has at most. */
const MOST_DESCRIPTORS = 3
/** Enough for most requests, in bytes. */
const INITIAL_SIZE = 16 * 1024

/** The offsets of sendmsg(2)'s structures in the memory of {@link DescriptorMessage}: 64 bits, little-endian. */
const MSGHDR_SIZE = 56
const IOVEC = MSGHDR_SIZE
const CMSGHDR = IOVEC + 16
const CMSGHDR_SIZE = 16
const DESCRIPTORS = CMSGHDR + CMSGHDR_SIZE

/** A `struct msghdr` with its content and its descriptors. It is reused for one message after another. */
class DescriptorMessage {
  readonly #library: CLibrary
  readonly #header = Buffer.alloc(DESCRIPTORS + 4 * MOST_DESCRIPTORS)
  #content = Buffer.alloc(INITIAL_SIZE)

  constructor(library: CLibrary) {
    this.#library = library
    const address = library.addressOf(this.#header)
    const header = this.#header
    header.writeBigUInt64LE(address + BigInt(IOVEC), 16) // msg_iov
    header.writeBigUInt64LE(1n, 24) // msg_iovlen
    header.writeBigUInt64LE(address + BigInt(CMSGHDR), 32) // msg_control
    header.writeInt32LE(SOL_SOCKET, CMSGHDR + 8)
    header.writeInt32LE(SCM_RIGHTS, CMSGHDR + 12)
  }

  /** Writes a message. Returns its structure. */
  write(message: string, descriptors: readonly number[]): Buffer {
    if (message.length > this.#content.length) this.#content = Buffer.alloc(message.length)
    this.#content.write(message, 'latin1')
    const header = this.#header
    const size = BigInt(CMSGHDR_SIZE + 4 * descriptors.length)
    header.writeBigUInt64LE(size, 40) // msg_controllen
    header.writeBigUInt64LE(this.#library.addressOf(this.#content), IOVEC)
    header.writeBigUInt64LE(BigInt(message.length), IOVEC + 8)
    header.writeBigUInt64LE(size, CMSGHDR)
    descriptors.forEach((descriptor, index) => {
      header.writeInt32LE(descriptor, DESCRIPTORS + 4 * index)
    })
    return header
  }
}

let shared: { readonly library: CLibrary; readonly message: DescriptorMessage } | undefined

/**
 * Opens a pair of connected sockets that keep the borders of messages (SOCK_SEQPACKET of unix(7)), for
 * {@link DescriptorSocket.send}. Linux only.
 *
 * @throws {Error} where the system has none, or no more descriptors; where the package koffi cannot be loaded.
 */
export function openDescriptorSocket(): DescriptorSocket {
  if (process.platform !== 'linux') throw new Error(`${process.platform} is not supported`)
  if (shared === undefined) {
    const library = loadCLibrary()
    shared = { library, message: new DescriptorMessage(library) }
  }
  const { library, message } = shared
  const { socketpair, sendmsg } = library
  if (socketpair === undefined || sendmsg === undefined) {
    throw new Error('the C library has no socketpair(2) or sendmsg(2)')
  }
  const pair = new Int32Array(2)
  const type = SOCK_SEQPACKET | library.layout.O_CLOEXEC
  if (socketpair(AF_UNIX, type, 0, pair) !== 0) throw errorOf(library.errno(), 'socketpair')
  const [own = -1, peer = -1] = pair
  const open = new Set([own, peer])
  const close = (descriptor: number): void => {
    if (open.delete(descriptor)) library.close(descriptor)
  }
  return {
    peer,
    closePeer: () => close(peer),
    send(text, descriptors) {
      if (!open.has(own)) return false
      const header = message.write(text, descriptors)
      return sendmsg(own, header, MSG_DONTWAIT | MSG_NOSIGNAL) === text.length
    },
    close() {
      close(own)
      close(peer)
    },
  }
}
