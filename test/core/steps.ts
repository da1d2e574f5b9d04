import type * as byteString from '../../packages/core/src/byte-string.js'
import type * as earlyHints from '../../packages/core/src/early-hints.js'
import type * as errors from '../../packages/core/src/errors.js'
import type * as halfClose from '../../packages/core/src/half-close.js'
import type * as limiter from '../../packages/core/src/limiter.js'
import type * as logger from '../../packages/core/src/logger.js'
import type * as metaVariables from '../../packages/core/src/meta-variables.js'
import type * as optionRules from '../../packages/core/src/option-rules.js'
import type * as cLibrary from '../../packages/core/src/process/c-library.js'
import type * as outputPipe from '../../packages/core/src/process/output-pipe.js'
import type * as spawnerChoice from '../../packages/core/src/process/spawner-choice.js'
import type * as processTransport from '../../packages/core/src/process/process-transport.js'
import type * as processGroup from '../../packages/core/src/process/process-group.js'
import type * as lentMemory from '../../packages/core/src/lent-memory.js'
import type * as zombies from '../../packages/core/src/process/zombies.js'
import type * as requestBody from '../../packages/core/src/request-body.js'
import type * as requestTarget from '../../packages/core/src/request-target.js'
import type * as settings from '../../packages/core/src/settings.js'
import type * as standardErrorLog from '../../packages/core/src/standard-error-log.js'
import type * as standardErrorTail from '../../packages/core/src/standard-error-tail.js'
import type * as systemError from '../../packages/core/src/system-error.js'
import type * as urlPath from '../../packages/core/src/url-path.js'

/**
 * The steps of the core that its package does not export. They are loaded from beside the package's
 * own entry, wherever that is: `exports` closes every other way in, `imports` of a package.json may
 * not lead out of its folder, and a relative path would have to hold both from here and from `build`.
 * The types come from the sources, which tsc -b takes for the declarations it has made of them.
 */
const load = (step: string): Promise<unknown> =>
  import(new URL(`${step}.js`, import.meta.resolve('@common-gateway/core')).href)

// Each cast names the very file that is loaded; the compiler cannot see through the URL.
export const { createFinalHeaderParser } = (await load('early-hints')) as typeof earlyHints
export const { excerptOf, fromByteString, toByteString } = (await load(
  'byte-string',
)) as typeof byteString
export const { invalidOption } = (await load('errors')) as typeof errors
export const { allowHalfClose } = (await load('half-close')) as typeof halfClose
export const { Limiter } = (await load('limiter')) as typeof limiter
export const { guardLogger, processLogger } = (await load('logger')) as typeof logger
export const { createArguments } = (await load('meta-variables')) as typeof metaVariables
export const { loadCLibrary } = (await load('process/c-library')) as typeof cLibrary
export const { OutputPipe } = (await load('process/output-pipe')) as typeof outputPipe
export const { chooseSpawner } = (await load('process/spawner-choice')) as typeof spawnerChoice
export const { ProcessTransport } = (await load(
  'process/process-transport',
)) as typeof processTransport
export const { ProcessGroup } = (await load('process/process-group')) as typeof processGroup
export const { MemoryLender } = (await load('lent-memory')) as typeof lentMemory
export const { hasOnlyZombies } = (await load('process/zombies')) as typeof zombies
export const { toSystemError } = (await load('system-error')) as typeof systemError
export const { closeRequestBody, isFile, isReceived, openRequestBody, readFraming, sendToScript } =
  (await load('request-body')) as typeof requestBody
export const { parseRequestTarget } = (await load('request-target')) as typeof requestTarget
export const { OPTION_NAMES } = (await load('option-rules')) as typeof optionRules
export const { createSettings } = (await load('settings')) as typeof settings
export const { createStandardErrorLog } = (await load(
  'standard-error-log',
)) as typeof standardErrorLog
export const { StandardErrorTail } = (await load('standard-error-tail')) as typeof standardErrorTail
export const { authorityOf, decodeSegments, splitQuery } = (await load(
  'url-path',
)) as typeof urlPath
