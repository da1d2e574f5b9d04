/**
 * The types of the options `transport` and `spawner`, and helpers to write one: the entry
 * `@common-gateway/core/transport`.
 */
export { toByteString } from './data/byte-string.js'
export { CgiError, invalidOption } from './data/cgi-error.js'
export { freeChunk } from './data/chunk-memory.js'
export { LENT_SIZE, MemoryLender } from './data/lent-memory.js'
export type { CgiLogger } from './data/logger.js'
export type { ClientSignal } from './data/message.js'
export { inheritedVariables } from './options/inherited-variables.js'
export type { ProcessOptions } from './options/process-options.js'
export { findProgram } from './options/program-search.js'
export { onProcessEnd } from './process/dependants.js'
export { createSpawner, type SpawnerOptions } from './process/lasting-spawner.js'
export { type ListeningSocket, openListeningSocket } from './process/listening-socket.js'
export { type DescriptorSocket, openDescriptorSocket } from './process/posix/descriptor-socket.js'
export { openProcessPipes, type ProcessPipes } from './process/posix/process-pipes.js'
export type { InputOptions } from './process/posix/standard-streams.js'
export { unacknowledgedBytes } from './process/unacknowledged-bytes.js'
export { readWaitStatus } from './process/wait-status.js'
export {
  createStandardErrorLines,
  type LineConsumer,
  type StandardErrorLines,
} from './run/standard-error-lines.js'
export { type Output, type OutputReader, toOutput } from './transport/output.js'
export { CountedSlots, type Release, type Slots } from './transport/slots.js'
export type { ScriptFinder, ScriptLocation, ScriptPath } from './transport/script-finder.js'
export type {
  ScriptProcess,
  SendSignal,
  Spawner,
  SpawnOptions,
  SupervisedProcess,
  SupervisedSpawner,
} from './transport/spawner.js'
export type { SpawnerContext, SpawnerFactory } from './transport/spawner-factory.js'
export type {
  CalledScript,
  Command,
  RequestBody,
  ScriptCall,
  ScriptExit,
  ScriptStreams,
  Transport,
} from './transport/transport.js'
export type { TransportContext, TransportFactory } from './transport/transport-factory.js'
export type { UpstreamStats } from './transport/upstream-stats.js'
export type { WarmScript, WarmStats } from './transport/warm-stats.js'
