/** The path of a request, split and decoded once. */
export interface ScriptPath {
  /** The path as the client sent it, without the query. It begins with the mount. */
  readonly urlPath: string
  /** The mount, decoded to text: empty at the root of the site. SCRIPT_NAME begins with it. */
  readonly mountName: string
  /**
   * The segments below the mount; byte strings, with one character for each byte, since PATH_INFO may have any
   * encoding. `Buffer.from(segment, 'latin1').toString()` is the text of one that is UTF-8. None is `.` or `..`,
   * and none has a NUL. An empty one stands for two slashes in a row, or for a slash at the end. A slash or a
   * backslash in one was encoded.
   */
  readonly segments: readonly string[]
}

/** A script, and the parts of the path around it. */
export interface ScriptLocation {
  /**
   * Absolute path of the script, for SCRIPT_FILENAME, errors and the log; text, which the variable has in UTF-8.
   * A transport without files names its application here, such as `fastcgi://127.0.0.1:9000`.
   */
  readonly file: string
  /**
   * SCRIPT_NAME (RFC 3875 section 4.1.13): the decoded path that leads to the script, the mount included; text,
   * which the variable has in UTF-8.
   */
  readonly scriptName: string
  /**
   * PATH_INFO (section 4.1.5): the decoded rest of the path; empty, or beginning with `/`. A byte string,
   * since the script decides on the encoding.
   */
  readonly pathInfo: string
}

/** Finds scripts without a look at local files. */
export interface ScriptFinder {
  /**
   * Finds the script for a path. Null: there is none, and the application answers. Called also to ask
   * whether other handlers of the application may answer for the path.
   *
   * @throws {CgiError} for a path that is refused. An error of another class becomes the `cause` of a
   *   CGI_ERR_SPAWN.
   */
  find(path: ScriptPath): ScriptLocation | null
  /**
   * Checks a script again right before its start, if the request had to wait.
   *
   * @throws {CgiError} for a script that may not be run any more.
   */
  recheck?(script: ScriptLocation): void
}
