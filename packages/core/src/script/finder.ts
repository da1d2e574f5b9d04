import type { ScriptPath } from '../transport/script-finder.js'
import type { CalledScript, Transport } from '../transport/transport.js'

/** A script and the parts of the URL around it (RFC 3875 sections 4.1.5 and 4.1.13). */
export interface Script extends CalledScript {
  readonly type: 'script'
  /** The transport of the extension; undefined where the gateway's own runs it. */
  readonly transport?: Transport | undefined
}

/** A folder whose URL lacks the slash at its end. */
export interface FolderRedirect {
  readonly type: 'folder'
  /** The path to redirect to, encoded as the client sent it, with its slash. */
  readonly location: string
}

/** A file that is no script, to be sent: `otherFiles` is `'send'`. */
export interface OtherFile {
  readonly type: 'file'
  /** Absolute path of the file. */
  readonly file: string
}

/** What a URL can name. */
export type Resource = Script | FolderRedirect | OtherFile

/** Finds what the path of a request names. */
export interface Finder {
  /**
   * Finds the script, or the file to send. Null where there is none. Synchronous, since the names that are
   * asked for again and again are in the cache of the system: a look takes 10 microseconds, and the way
   * through the thread pool 150.
   *
   * @throws {CgiError} CGI_ERR_BAD_TARGET for a path that is never valid, CGI_ERR_NOT_EXECUTABLE for a
   *   file that cannot be run, CGI_ERR_NOT_FOUND for a file that is withheld.
   */
  find(path: ScriptPath): Resource | null
  /**
   * Checks a script again, as late as possible before its start.
   *
   * @throws {CgiError} CGI_ERR_NOT_EXECUTABLE
   */
  recheck(script: Script): void
}
