import { CgiError } from '../data/cgi-error.js'
import type { CgiRequest } from '../data/message.js'

/**
 * Calls an option that is a function. An error that it throws reaches the application's error handler. Any
 * other value would have a meaning there (nothing, or `'route'` in Express), so that it becomes a `cause`.
 */
export async function callOption<Native, Result>(
  option: string,
  given: (request: Native) => Result,
  { native }: CgiRequest<Native>,
): Promise<Awaited<Result>> {
  try {
    return await given(native)
  } catch (thrown) {
    if (typeof thrown === 'object' && thrown !== null) throw thrown
    const reason = `the option \`${option}\` threw ${String(thrown)}, which is not an Error`
    throw new CgiError('CGI_ERR_ENVIRONMENT', { reason, cause: thrown })
  }
}
