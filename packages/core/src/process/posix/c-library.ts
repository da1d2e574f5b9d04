import { createRequire } from 'node:module'
import { constants } from 'node:os'

/** A pointer: memory that a function reads or writes, or its address. */
type Memory = Buffer | Int32Array | bigint

/** The functions of the C library that are used, under their own names: see their manual pages. */
interface Functions {
  /** Undefined in C libraries other than glibc. */
  readonly gnu_get_libc_version: (() => string) | undefined
  /** The same. */
  readonly mallopt: ((parameter: number, value: number) => number) | undefined
  readonly pipe2: ((descriptors: Memory, flags: number) => number) | undefined
  readonly pipe: (descriptors: Memory) => number
  readonly fcntl: (descriptor: number, command: number, type: 'int', value: number) => number
  readonly ioctl: (descriptor: number, request: number, type: 'void *', value: Memory) => number
  readonly close: (descriptor: number) => number
  readonly read: (descriptor: number, bytes: Memory, size: number) => number
  readonly poll: (descriptors: Memory, count: number, timeout: number) => number
  readonly kill: (pid: number, signal: number) => number
  readonly waitpid: (pid: number, status: Memory, options: number) => number
  readonly waitid: (type: number, id: number, information: Memory, options: number) => number
  /** This and the next are used on Linux only. */
  readonly socketpair:
    | ((domain: number, type: number, protocol: number, descriptors: Memory) => number)
    | undefined
  readonly sendmsg: ((descriptor: number, message: Memory, flags: number) => number) | undefined
  readonly posix_spawn: AsyncFunction<
    [pid: Memory, path: Memory, fileActions: Memory, attributes: Memory, argv: Memory, envp: Memory]
  >
  readonly posix_spawnattr_init: (attributes: Memory) => number
  readonly posix_spawnattr_setflags: (attributes: Memory, flags: number) => number
  readonly posix_spawnattr_setpgroup: (attributes: Memory, group: number) => number
  readonly posix_spawnattr_setsigmask: (attributes: Memory, set: Memory) => number
  readonly posix_spawnattr_setsigdefault: (attributes: Memory, set: Memory) => number
  readonly posix_spawn_file_actions_init: (actions: Memory) => number
  readonly posix_spawn_file_actions_destroy: (actions: Memory) => number
  readonly posix_spawn_file_actions_adddup2: (actions: Memory, from: number, to: number) => number
  readonly posix_spawn_file_actions_addchdir_np: (actions: Memory, folder: Memory) => number
  /** Undefined before glibc 2.34, and in musl. */
  readonly posix_spawn_file_actions_addclosefrom_np:
    | ((actions: Memory, from: number) => number)
    | undefined
}

/** The functions of the C library, with the constants and sizes of this platform. */
export interface CLibrary extends Functions {
  readonly layout: PlatformLayout
  readonly errno: () => number
  /** The address of memory, which does not change while the memory is referenced. */
  readonly addressOf: (memory: Buffer) => bigint
}

/** A function with a variant that runs on a thread of libuv's pool. */
interface AsyncFunction<Arguments extends unknown[]> {
  (...parameters: Arguments): number
  async(
    ...parameters: [...Arguments, callback: (error: Error | null, result: number) => void]
  ): void
}

/** What differs between platforms. Sizes are in bytes, and upper bounds: a structure may be smaller. */
interface PlatformLayout {
  readonly fileActionsSize: number
  readonly attributesSize: number
  readonly signalSetSize: number
  readonly POSIX_SPAWN_SETPGROUP: number
  readonly POSIX_SPAWN_SETSIGDEF: number
  readonly POSIX_SPAWN_SETSIGMASK: number
  readonly POSIX_SPAWN_SETSID: number
  /** Closes all descriptors in the child that no file action names; 0 where the flag does not exist. */
  readonly POSIX_SPAWN_CLOEXEC_DEFAULT: number
  readonly O_CLOEXEC: number
  /** How waitid(2) reports any child that has ended without reaping it (WNOWAIT); undefined if it cannot. */
  readonly waitid: { readonly options: number; readonly pidIndex: number } | undefined
}

/** From the headers of glibc 2.36 and musl 1.2.3, x86-64 and aarch64: they agree. */
const LINUX: PlatformLayout = {
  fileActionsSize: 128,
  attributesSize: 512,
  signalSetSize: 128,
  POSIX_SPAWN_SETPGROUP: 0x02,
  POSIX_SPAWN_SETSIGDEF: 0x04,
  POSIX_SPAWN_SETSIGMASK: 0x08,
  POSIX_SPAWN_SETSID: 0x80,
  POSIX_SPAWN_CLOEXEC_DEFAULT: 0,
  O_CLOEXEC: 0o2000000,
  // WNOHANG, WEXITED, WNOWAIT; si_pid is the fifth int of siginfo_t where pointers have 64 bits.
  waitid: { options: 0x1 | 0x4 | 0x01000000, pidIndex: 4 },
}

/** From the headers of macOS 14 (`spawn.h`, `sys/spawn.h`, `signal.h`); not tested. */
const DARWIN: PlatformLayout = {
  fileActionsSize: 8,
  attributesSize: 8,
  signalSetSize: 4,
  POSIX_SPAWN_SETPGROUP: 0x02,
  POSIX_SPAWN_SETSIGDEF: 0x04,
  POSIX_SPAWN_SETSIGMASK: 0x08,
  POSIX_SPAWN_SETSID: 0x0400,
  POSIX_SPAWN_CLOEXEC_DEFAULT: 0x4000,
  O_CLOEXEC: 0x01000000,
  waitid: undefined,
}

const LAYOUTS: Readonly<Record<string, PlatformLayout | undefined>> = {
  'linux x64': LINUX,
  'linux arm64': LINUX,
  'darwin x64': DARWIN,
  'darwin arm64': DARWIN,
}

/** The prototypes as in the headers, with `void *` for pointers to structures. */
const PROTOTYPES = [
  'int pipe(void *descriptors)',
  'int fcntl(int descriptor, int command, ...)',
  'int ioctl(int descriptor, ulong request, ...)',
  'int close(int descriptor)',
  'long read(int descriptor, void *bytes, size_t size)',
  `int poll(void *descriptors, ${process.platform === 'darwin' ? 'uint' : 'ulong'} count, int timeout)`,
  'int kill(int pid, int signal)',
  'int waitpid(int pid, void *status, int options)',
  'int waitid(uint type, uint id, void *information, int options)',
  'int posix_spawn(void *pid, void *path, void *actions, void *attributes, void *argv, void *envp)',
  'int posix_spawnattr_init(void *attributes)',
  'int posix_spawnattr_setflags(void *attributes, short flags)',
  'int posix_spawnattr_setpgroup(void *attributes, int group)',
  'int posix_spawnattr_setsigmask(void *attributes, void *set)',
  'int posix_spawnattr_setsigdefault(void *attributes, void *set)',
  'int posix_spawn_file_actions_init(void *actions)',
  'int posix_spawn_file_actions_destroy(void *actions)',
  'int posix_spawn_file_actions_adddup2(void *actions, int from, int to)',
  'int posix_spawn_file_actions_addchdir_np(void *actions, void *folder)',
]

/** Functions that some C libraries lack. */
const OPTIONAL_PROTOTYPES = [
  'int pipe2(void *descriptors, int flags)',
  'const char *gnu_get_libc_version()',
  'int mallopt(int parameter, int value)',
  'int socketpair(int domain, int type, int protocol, void *descriptors)',
  'long sendmsg(int descriptor, void *message, int flags)',
  'int posix_spawn_file_actions_addclosefrom_np(void *actions, int from)',
]

/**
 * The part of koffi, a foreign function interface, that is used. Its builds are packages of their own, one for each
 * platform. The package `koffi` only chooses among them, and has an install script, at which pnpm 11 and later stop
 * (ERR_PNPM_IGNORED_BUILDS).
 */
interface Koffi {
  load(file: null): { func(prototype: string): unknown }
  errno(): number
  address(memory: Buffer): bigint
}

/** @throws {Error} where the platform is unknown, or koffi cannot be loaded. */
export function loadCLibrary(): CLibrary {
  const platform = `${process.platform} ${process.arch}`
  const layout = LAYOUTS[platform]
  if (layout === undefined) throw new Error(`${platform} is not supported`)
  // An optional dependency, so it is not imported. The interface above follows its documentation.
  const koffi = createRequire(import.meta.url)(
    `@koromix/koffi-${process.platform}-${process.arch}`,
  ) as Koffi
  const library = koffi.load(null)
  const functions: Record<string, unknown> = {}
  for (const prototype of [...PROTOTYPES, ...OPTIONAL_PROTOTYPES]) {
    const [, name = ''] = /(\w+)\(/.exec(prototype) ?? []
    try {
      functions[name] = library.func(prototype)
    } catch (error) {
      if (!OPTIONAL_PROTOTYPES.includes(prototype)) throw error
    }
  }
  return {
    // PROTOTYPES declares what the interface Functions does.
    ...(functions as unknown as Functions),
    layout,
    errno: () => koffi.errno(),
    addressOf: (memory) => koffi.address(memory),
  }
}

/** An error of the system with Node's name of it as its `code`: `ENOENT`. */
export function errorOf(number: number, call: string): Error & { code: string } {
  const [code = `errno ${number}`] =
    Object.entries(constants.errno).find(([, value]) => value === number) ?? []
  return Object.assign(new Error(`${call}: ${code}`), { code, syscall: call })
}
