import type { CgiLogger } from '../data/logger.js'
import type { TransportFactory } from '../transport/transport-factory.js'
import type { Transport } from '../transport/transport.js'
import type { ProcessOptions } from './process-options.js'

/** The user that the application has authenticated (RFC 3875 sections 4.1.1, 4.1.11). */
export interface CgiUser {
  /** The authentication scheme, for AUTH_TYPE: `Basic`. Left out: AUTH_TYPE is not set. */
  readonly type?: string | undefined
  /** The user's name, for REMOTE_USER. */
  readonly user: string
}

/**
 * Options of {@link createCgiHandler} and of the adapters. All are checked once, at creation; an
 * unknown name or a value that breaks its rule throws a `CgiError` (`CGI_ERR_INVALID_OPTION`).
 * Times are in milliseconds, sizes in bytes.
 *
 * @typeParam Native - the framework's own request, which the options that are functions receive.
 */
export interface CgiOptions<Native = unknown> extends ProcessOptions {
  /**
   * **root** `string` - The folder whose files are the scripts; its sub-folders are served too. Not
   * together with `script`. Default: `'./cgi-bin'`.
   * @example `{ root: '/usr/lib/cgi-bin' }`
   */
  root?: string
  /**
   * **allowMissingRoot** `boolean` - Whether `root` may be missing when the gateway is created. Until it
   * exists, there are no scripts. Default: `false`.
   * @example `{ root: '/srv/uploaded-scripts', allowMissingRoot: true }`
   */
  allowMissingRoot?: boolean
  /**
   * **script** `string | Transport | TransportFactory` - One program that answers every URL below the mount, as
   * git-http-backend and gitweb expect; the whole path below the mount is its PATH_INFO. A transport with a
   * `finder`, such as `fastcgi({ address })`, is an application that runs already: every URL below the mount is its
   * own, and the options that `transport` excludes are refused. Not together with `root`. Default: none.
   * @example `{ script: '/usr/lib/git-core/git-http-backend' }`
   */
  script?: string | Transport | TransportFactory
  /**
   * **prefix** `string` - Where the scripts are served, when the framework has not mounted the
   * gateway somewhere itself: `app.use('/api', cgi())` serves at `/api/`, not at `/api/cgi-bin/`. If Express
   * mounts the gateway too, the prefix is below that path. `'/'` is the root of the site; `app.use('/', cgi())`
   * does not count as a mount. Default: `'/cgi-bin'`.
   * @example `{ root: './site', prefix: '/' }`
   */
  prefix?: string
  /**
   * **interpreters** `Record<string, string | string[] | Transport | TransportFactory>` - Program, or program and
   * arguments, that runs the scripts with a file name extension (`{ '.py': 'python3' }`); such a script needs no
   * execute permission. A name without a slash is looked up in PATH, once. A transport, such as
   * `{ '.php': fastcgi('php-cgi') }`, runs them without a process for each request; several extensions can share
   * one, and it gets no arguments of `indexQuery`. Default: `{}`.
   * @example `{ interpreters: { '.py': 'python3', '.php': ['php-cgi', '-d', 'display_errors=1'] } }`
   */
  interpreters?: Readonly<Record<string, string | readonly string[] | Transport | TransportFactory>>
  /**
   * **fallbackInterpreters** `Record<string, string | string[] | Transport | TransportFactory>` - Like
   * `interpreters`, but only for scripts that are not executable: the others run by their own `#!` line. Default: `{}`.
   * @example `{ fallbackInterpreters: { '.pl': 'perl' } }`
   */
  fallbackInterpreters?: Readonly<
    Record<string, string | readonly string[] | Transport | TransportFactory>
  >
  /**
   * **extensions** `string[]` - The file name extensions of scripts (`['.php', '.cgi']`), in this letter
   * case; other files are not run. `[]`: there are no scripts. Default: every file that can be run is a script.
   * @example `{ extensions: ['.cgi', '.php'] }`
   */
  extensions?: readonly string[]
  /**
   * **otherFiles** `'deny' | 'ignore' | 'send'` - The answer for a file that is not a script. `'deny'`: 403.
   * `'ignore'`: the application answers. `'send'`: the file, with ranges and validators. A file that could
   * be the source of a script or a copy of one (`a.php~`, `a.php.bak`, or with `#!` at its beginning) is a 404
   * with `'ignore'` and `'send'`, and so is a name that begins with a dot, except `.well-known` with
   * `dotfiles: 'allow'`.
   * Default: `'deny'`.
   * @example `{ prefix: '/', root: './site', otherFiles: 'send' }`
   */
  otherFiles?: 'deny' | 'ignore' | 'send'
  /**
   * **fallback** `string` - The script that answers every path that names neither a file nor a folder with
   * an index: a front controller, as a path below `root` (`'index.php'`). SCRIPT_NAME names this script, and there
   * is no PATH_INFO; REQUEST_URI has the path. Default: none.
   * @example `{ prefix: '/', root: './site', otherFiles: 'send', interpreters: { '.php': 'php-cgi' }, fallback: 'index.php' }`
   */
  fallback?: string
  /**
   * **linkRoots** `string[]` - Folders that symbolic links in `root` may lead into. Any other link that leaves
   * `root` is a 404, with a warning in the log. Default: `[]`.
   * @example `{ linkRoots: ['/usr/share/awstats'] }`
   */
  linkRoots?: readonly string[]
  /**
   * **index** `string[]` - Names of the files that answer for a folder, tried in this order: scripts, and
   * with `otherFiles` other files. Default: `[]`.
   * @example `{ index: ['index.cgi', 'index.html'] }`
   */
  index?: readonly string[]
  /**
   * **dotfiles** `'ignore' | 'allow'` - Whether path segments that begin with a dot can name a
   * script. `'ignore'`: there is no such script. Default: `'ignore'`.
   * @example `{ dotfiles: 'allow' }`
   */
  dotfiles?: 'ignore' | 'allow'
  /**
   * **encodedSlashes** `'deny' | 'allow'` - Whether PATH_INFO may hold a `/` that was sent as `%2F`, which a script
   * cannot distinguish from a plain one. `'deny'`: 400. Default: `'deny'`.
   * @example `{ encodedSlashes: 'allow' }`
   */
  encodedSlashes?: 'deny' | 'allow'
  /**
   * **methods** `string[]` - The request methods that reach a script; others get 405. GET
   * includes HEAD. TRACE and CONNECT never reach one. Default: every method that Node's HTTP parser knows.
   * @example `{ methods: ['GET', 'POST'] }`
   */
  methods?: readonly string[]
  /**
   * **env** `Record<string, string> | (request) => Record<string, string>` - Variables for every
   * script; they win over all others. Default: `{}`.
   * @example `{ env: (request) => ({ TENANT: request.headers.host ?? '' }) }`
   */
  env?:
    | Readonly<Record<string, string>>
    | ((
        request: Native,
      ) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>)
  /**
   * **inheritEnv** `string[]` - Names of environment variables of this process that scripts get. Scripts always get PATH,
   * the time zone (TZ), and the folders of shared libraries (`LD_LIBRARY_PATH`, `DYLD_LIBRARY_PATH`), which
   * programs may need to start; no other variable of the process. Default: `['PATH']`.
   * @example `{ inheritEnv: ['PATH', 'LANG', 'DATABASE_URL'] }`
   */
  inheritEnv?: readonly string[]
  /**
   * **documentRoot** `string` - The value of DOCUMENT_ROOT. PATH_TRANSLATED is a path in this folder. Default: `root`,
   * or the folder of `script`.
   * @example `{ root: './site/cgi-bin', documentRoot: './site' }`
   */
  documentRoot?: string
  /**
   * **cwd** `string` - The working directory of scripts. Default: the script's own folder (RFC 3875
   * section 7.2).
   * @example `{ cwd: '/srv/data' }`
   */
  cwd?: string
  /**
   * **authenticate** `(request) => { user, type? } | null` - Returns the authenticated user, for REMOTE_USER
   * and AUTH_TYPE. It may return a promise. Without it, they are never set: the client's header alone
   * proves nothing. It refuses no request, even if it returns null: the application must do so,
   * before the gateway. Default: none.
   * @example `{ authenticate: async () => ({ user: 'ada', type: 'Basic' }) }`
   */
  authenticate?: (
    request: Native,
  ) => CgiUser | null | undefined | Promise<CgiUser | null | undefined>
  /**
   * **passAuthorization** `boolean` - Whether scripts see the Authorization and Proxy-Authorization
   * headers, and with them passwords (RFC 3875 section 9.2). Default: `false`.
   * @example `{ passAuthorization: true }`
   */
  passAuthorization?: boolean
  /**
   * **underscoreHeaders** `'ignore' | 'allow'` - Whether scripts see request headers with `_` in their name, which they
   * cannot distinguish from those with `-`. A header with `-` of the same name always wins. Default: `'ignore'`.
   * @example `{ underscoreHeaders: 'allow' }`
   */
  underscoreHeaders?: 'ignore' | 'allow'
  /**
   * **indexQuery** `boolean` - Whether a GET or HEAD whose query has no `=` passes the query's words as command-line
   * arguments (RFC 3875 section 4.4). CVE-2012-1823 used this to pass options to php-cgi. Default: `false`.
   * @example `{ indexQuery: true }`
   */
  indexQuery?: boolean
  /**
   * **nph** `boolean` - Whether the output of a script named `nph-...` goes to an HTTP/1 client as it
   * is (RFC 3875 section 5). Default: `true`.
   * @example `{ nph: false }`
   */
  nph?: boolean
  /**
   * **strict** `boolean` - Whether a response with a body must have a Content-Type (RFC 3875 section
   * 6.3.1), else 502. Default: `false`.
   * @example `{ strict: true }`
   */
  strict?: boolean
  /**
   * **sendfileRoots** `string[]` - Folders of the files that a script can send in the place of its own content, with
   * `X-Sendfile` (a path; relative to the script) or `X-Accel-Redirect` (a path, or the path of a URL below one of
   * these folders). The real path must lie in one. Range and conditional requests are honoured. For any other file, the
   * field is dropped and a warning is logged. Default: `[]`.
   * @example `{ sendfileRoots: ['/srv/downloads'] }`
   */
  sendfileRoots?: readonly string[]
  /**
   * **chunkedBody** `'spool' | 'stream'` - How scripts get a request body that has no Content-Length.
   * `'spool'` receives it whole first (64 KiB in memory, more in a temporary file), so that
   * CONTENT_LENGTH is set as RFC 3875 section 4.1.2 requires; `'stream'` passes it on as it arrives,
   * without CONTENT_LENGTH. Default: `'spool'`.
   * @example `{ chunkedBody: 'stream' }`
   */
  chunkedBody?: 'spool' | 'stream'
  /**
   * **bodyLimit** `number` - The largest request body, in bytes; more is a 413. `0`: no limit.
   * Default: `1073741824` (1 GiB).
   * @example `{ bodyLimit: 10 * 1024 ** 2 }`
   */
  bodyLimit?: number
  /**
   * **maxHeaderSize** `number` - The largest header that a script may send, in bytes; more is a 502.
   * Default: `65536` (64 KiB).
   * @example `{ maxHeaderSize: 16 * 1024 }`
   */
  maxHeaderSize?: number
  /**
   * **headersTimeout** `number` - How long a script may take until its header is complete, in
   * milliseconds, counted from its start or from the last part of the request body that it read, whichever
   * is later; then 504 (408 if the client has stopped sending its body). It also limits a start that hangs, an
   * `authenticate` or `env` that does not settle, and a file whose opening hangs. `0`: no limit. Default: `60000`.
   * @example `{ headersTimeout: 30_000 }`
   */
  headersTimeout?: number
  /**
   * **bodyTimeout** `number` - The longest the body may stall, in either direction, in milliseconds; then the
   * script is stopped and the connection destroyed. It runs until the client has the whole response, also
   * after the exit of the script. It also limits how long a script may write output that is discarded: the
   * body of an answer to HEAD, or output beyond its Content-Length. `0`: no limit. Default: `300000`.
   * @example `{ bodyTimeout: 0 }`
   */
  bodyTimeout?: number
  /**
   * **minRate** `number` - The lowest rate at which a client sends its body or reads its answer, in bytes per
   * second, after ten seconds of grace. A slower client gets 408, or its connection is destroyed if the
   * header was sent. Time in which the script reads or writes nothing (event streams) does not count. Bytes of
   * an answer count when the client's system acknowledges them. It may acknowledge many at once, and
   * then none until the client has read them: they count for 25 seconds at most (60 without koffi). `0`: no limit. Default: `240`.
   * @example `{ minRate: 1024 }`
   */
  minRate?: number
  /**
   * **requestTimeout** `number` - How long a script may run in all, in milliseconds; then it is
   * stopped: 504, or the connection is destroyed if the header was sent. `0`: no limit. Default: `0`.
   * @example `{ requestTimeout: 5 * 60_000 }`
   */
  requestTimeout?: number
  /**
   * **killTimeout** `number` - How long after SIGTERM the rest of a script's process group gets
   * SIGKILL, in milliseconds. `0`: at once. Default: `5000`.
   * @example `{ killTimeout: 1_000 }`
   */
  killTimeout?: number
  /**
   * **lingerTimeout** `number` - How long a response stays open after its script has exited, while a
   * background child of the script still holds the output, in milliseconds. `0`: not at all.
   * Default: `1000`.
   * @example `{ lingerTimeout: 0 }`
   */
  lingerTimeout?: number
  /**
   * **closeTimeout** `number` - How long scripts may continue after `close()`, in milliseconds, before
   * they are stopped. `0`: not at all. Default: `10000`.
   * @example `{ closeTimeout: 30_000 }`
   */
  closeTimeout?: number
  /**
   * **killOnDisconnect** `boolean` - Whether a script is stopped when its client disconnects. `false`:
   * it may finish, with its output discarded, as long as it writes or reads within `bodyTimeout`. A script
   * whose input was cut short is always stopped. A client of plain HTTP/1.x that closes its connection within
   * 100 ms of its request looks like one that has closed its sending side and waits: its departure is detected
   * within about a second, or at once between two chunks of an answer. Default: `true`.
   * @example `{ killOnDisconnect: false }`
   */
  killOnDisconnect?: boolean
  /**
   * **maxProcesses** `number` - How many scripts run at once; further requests wait in a queue. Scripts of a transport
   * count on their own. At least 1. Default: 8 for each core.
   * @example `{ maxProcesses: 32 }`
   */
  maxProcesses?: number
  /**
   * **maxQueue** `number` - How many requests may wait for a script to end; further ones get 503. One
   * whose body is received before its script starts (`chunkedBody`) counts from the beginning.
   * Default: `1024`.
   * @example `{ maxQueue: 64 }`
   */
  maxQueue?: number
  /**
   * **queueTimeout** `number` - How long a request may wait in the queue, in milliseconds; then 503.
   * `0`: no limit. Default: `30000`.
   * @example `{ queueTimeout: 5_000 }`
   */
  queueTimeout?: number
  /**
   * **transport** `Transport | TransportFactory` - Runs the scripts, in the place of a process for each request: an
   * object with the methods `open` and `close`, or one with the method `createTransport`, which makes it, such as
   * `fastcgi({ address, root })`. Not together with `spawner`, `cpuTimeLimit`, `memoryLimit`,
   * `openFileLimit`, `fileSizeLimit`, `user`, `group`, `nice` and `cwd`, which are options of
   * processes. If it has a `finder`, not together with the options about files, from `root` to `dotfiles`
   * and `documentRoot`; if it has `slots`, not with `maxProcesses`. Default: a process for each request.
   * @example `{ root: '/srv/cgi-bin', transport: fastcgi({ address: '10.0.0.2:9000' }) }`
   */
  transport?: Transport | TransportFactory
  /**
   * **logger** `{ warn(facts, message), error(facts, message) }` - Logs the standard error of scripts and the failures
   * after the header, if the framework has no logger of its own (Fastify has one). A pino logger fits. Default: lines
   * on the standard error of the process.
   * @example `{ logger: { warn: console.warn, error: console.error } }`
   */
  logger?: CgiLogger
  /**
   * **errorPage** `boolean` - Whether to send a diagnostic page when a script fails (script, reason, offending
   * output, exit code, the end of standard error), as the HTML, JSON or text that the Accept field asks
   * for, if the application has no error handler of its own. Default: `true`, but `false` where `NODE_ENV` is
   * `production`.
   * @example `{ errorPage: false }`
   */
  errorPage?: boolean
}
