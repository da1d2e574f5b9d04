import type * as byteString from '../../packages/core/src/data/byte-string.js'
import type * as earlyHints from '../../packages/core/src/response/early-hints.js'
import type * as errors from '../../packages/core/src/data/cgi-error.js'
import type * as halfClose from '../../packages/core/src/http/half-close.js'
import type * as limiter from '../../packages/core/src/run/limiter.js'
import type * as logger from '../../packages/core/src/data/logger.js'
import type * as metaVariables from '../../packages/core/src/environment/meta-variables.js'
import type * as optionRules from '../../packages/core/src/options/rules.js'
import type * as cLibrary from '../../packages/core/src/process/posix/c-library.js'
import type * as outputPipe from '../../packages/core/src/process/posix/output-pipe.js'
import type * as spawnerChoice from '../../packages/core/src/process/spawner-choice.js'
import type * as processTransport from '../../packages/core/src/process/process-transport.js'
import type * as processGroup from '../../packages/core/src/process/process-group.js'
import type * as lentMemory from '../../packages/core/src/data/lent-memory.js'
import type * as zombies from '../../packages/core/src/process/zombies.js'
import type * as requestBody from '../../packages/core/src/body/request-body.js'
import type * as requestTarget from '../../packages/core/src/request/target.js'
import type * as settings from '../../packages/core/src/options/settings.js'
import type * as standardErrorLog from '../../packages/core/src/run/standard-error-log.js'
import type * as standardErrorReader from '../../packages/core/src/run/standard-error-reader.js'
import type * as standardErrorTail from '../../packages/core/src/run/standard-error-tail.js'
import type * as systemError from '../../packages/core/src/data/system-error.js'
import type * as urlPath from '../../packages/core/src/request/url-path.js'

/**
 * The steps of the core that its package does not export. They are loaded from beside the package's
 * own entry, wherever that is: `exports` closes every other way in, `imports` of a package.json may
 * not lead out of its folder, and a relative path would have to hold both from here and from `build`.
 * The types come from the sources, which tsc -b takes for the declarations it has made of them.
 */
const load = (step: string): Promise<unknown> =>
  import(new URL(`${step}.js`, import.meta.resolve('@common-gateway/core')).href)

// Each cast names the very file that is loaded; the compiler cannot see through the URL.
export const { createFinalHeaderParser } = (await load('response/early-hints')) as typeof earlyHints
export const { excerptOf, fromByteString, toByteString } = (await load(
  'data/byte-string',
)) as typeof byteString
export const { invalidOption } = (await load('data/cgi-error')) as typeof errors
export const { allowHalfClose } = (await load('http/half-close')) as typeof halfClose
export const { Limiter } = (await load('run/limiter')) as typeof limiter
export const { guardLogger, processLogger } = (await load('data/logger')) as typeof logger
export const { createArguments } = (await load(
  'environment/meta-variables',
)) as typeof metaVariables
export const { loadCLibrary } = (await load('process/posix/c-library')) as typeof cLibrary
export const { OutputPipe } = (await load('process/posix/output-pipe')) as typeof outputPipe
export const { chooseSpawner } = (await load('process/spawner-choice')) as typeof spawnerChoice
export const { ProcessTransport } = (await load(
  'process/process-transport',
)) as typeof processTransport
export type ProcessTransport = processTransport.ProcessTransport
export const { ProcessGroup } = (await load('process/process-group')) as typeof processGroup
export const { MemoryLender } = (await load('data/lent-memory')) as typeof lentMemory
export const { hasOnlyZombies } = (await load('process/zombies')) as typeof zombies
export const { toSystemError } = (await load('data/system-error')) as typeof systemError
export const { closeRequestBody, isFile, isReceived, openRequestBody, readFraming, sendToScript } =
  (await load('body/request-body')) as typeof requestBody
export const { parseRequestTarget } = (await load('request/target')) as typeof requestTarget
export const { OPTION_NAMES } = (await load('options/rules')) as typeof optionRules
export const { createSettings } = (await load('options/settings')) as typeof settings
export const { createStandardErrorLog } = (await load(
  'run/standard-error-log',
)) as typeof standardErrorLog
export const { readStandardError } = (await load(
  'run/standard-error-reader',
)) as typeof standardErrorReader
export const { StandardErrorTail } = (await load(
  'run/standard-error-tail',
)) as typeof standardErrorTail
export const { authorityOf, decodeSegments, splitQuery } = (await load(
  'request/url-path',
)) as typeof urlPath
