import type { ProcessOptions } from '@common-gateway/core/transport'

/**
 * Options of {@link scgi}. Times are in milliseconds. The limits and rights of workers are as the gateway has them for
 * scripts.
 */
export interface ScgiOptions
  extends Pick<
    ProcessOptions,
    'user' | 'group' | 'memoryLimit' | 'openFileLimit' | 'fileSizeLimit' | 'nice'
  > {
  /**
   * **address** `string | string[]` - Where the application listens: the path of a Unix socket, `host:port` or
   * `[IPv6]:port`. Several are upstreams that share the requests. Not together with `spawn`. Default: none.
   * @example `{ address: ['10.0.0.2:9000', '10.0.0.3:9000'] }`
   */
  address?: string | readonly string[]
  /**
   * **spawn** `string | string[]` - A program, or a program and its arguments, that is started and stopped with the
   * gateway. It gets a listening socket as its standard input (FastCGI specification, section 2.2). Default: none.
   * @example `{ spawn: ['php-cgi', '-d', 'display_errors=1'] }`
   */
  spawn?: string | readonly string[]
  /**
   * **processes** `number` - The most workers of `spawn`; each answers one request at a time. They are started when
   * they are needed. Default: 2 for each core.
   * @example `{ spawn: 'php-cgi', processes: 4 }`
   */
  processes?: number
  /**
   * **maxRequests** `number` - A worker is replaced after this number of requests, between two of them. `0`: never.
   * Default: `0`.
   * @example `{ spawn: 'php-cgi', maxRequests: 500 }`
   */
  maxRequests?: number
  /**
   * **idleTimeout** `number` - A worker without a request for this time is ended. `0`: never. Default: `60000`.
   * @example `{ spawn: 'php-cgi', idleTimeout: 10_000 }`
   */
  idleTimeout?: number
  /**
   * **env** `Record<string, string>` - Variables of the workers themselves, not of requests. Default: `{}`.
   * @example `{ spawn: 'php-cgi', env: { PHPRC: '/srv/php' } }`
   */
  env?: Readonly<Record<string, string>>
  /**
   * **inheritEnv** `string[]` - Names of variables of this process that workers get. They always get PATH, TZ and the
   * folders of shared libraries, and no other. Default: `[]`.
   * @example `{ spawn: './application', inheritEnv: ['DATABASE_URL'] }`
   */
  inheritEnv?: readonly string[]
  /**
   * **cwd** `string` - The working directory of workers. Default: `'/'`.
   * @example `{ spawn: './application', cwd: '/srv/application' }`
   */
  cwd?: string
  /**
   * **maxConnections** `number` - The most requests at once for each address; more wait in one queue for all addresses.
   * Set it to the size of a fixed pool (`pm.max_children` of php-fpm). Default: `256`.
   * @example `{ address: '/run/php/php8.2-fpm.sock', maxConnections: 5 }`
   */
  maxConnections?: number
  /**
   * **connectTimeout** `number` - How long a connection may take; then the next upstream is tried, and without one the
   * answer is 504. `0`: no limit. Default: `3000`.
   * @example `{ address: '10.0.0.2:9000', connectTimeout: 500 }`
   */
  connectTimeout?: number
  /**
   * **root** `string` - Absolute path of the folder of the scripts on the machine of the application:
   * SCRIPT_FILENAME, DOCUMENT_ROOT and PATH_TRANSLATED have it. Default: the gateway's `root`.
   * @example `{ address: '10.0.0.2:9000', root: '/opt/cgi-bin' }`
   */
  root?: string
  /**
   * **split** `string | string[]` - Extensions that end the path of a script, such as `'.php'`, for a gateway without a
   * copy of the files. A path without such an extension names no script. A name before the script must not contain a
   * dot, since it could be a file, which PHP would run (`evil.jpg/x.php`). Needs `root`. Default: none.
   * @example `{ address: '10.0.0.2:9000', root: '/opt/site', split: '.php' }`
   */
  split?: string | readonly string[]
  /**
   * **retry** `'unsent' | 'safe'` - Which requests are sent again. `'unsent'`: those that no application has seen.
   * `'safe'`: also one by a safe method (GET, HEAD or OPTIONS; RFC 9110 section 9.2.1) whose connection was closed without
   * a byte of an answer; once, by another application server where one is up. Default: `'unsent'`.
   * @example `{ address: ['10.0.0.2:9000', '10.0.0.3:9000'], retry: 'safe' }`
   */
  retry?: 'unsent' | 'safe'
}

/** Options of {@link fastcgi}. Times are in milliseconds. */
export interface FastcgiOptions extends ScgiOptions {
  /**
   * **keepAlive** `boolean | number` - Whether connections are kept between requests, or how long an idle one is kept. A
   * kept connection occupies a process of php-fpm: with more clients than processes, the others wait. `true`: one
   * second for an address, and as long as its process lives for a worker. Default: `true` for `spawn`, `false` for
   * `address`.
   * @example `{ address: '/run/php/php8.2-fpm.sock', keepAlive: 5_000 }`
   */
  keepAlive?: boolean | number
}
