/** A flag of the command, for `parseArgs`, `--help`, the completion scripts and the man page. */
export interface Flag {
  readonly short?: string
  /** The name of its value; a flag without one is on or off. */
  readonly value?: string
  readonly isRepeatable?: boolean
  /** Not shown: another name for a flag, or one that changes nothing. */
  readonly isHidden?: boolean
  /** Less than a sentence: on its own line of `--help`, and in completions. */
  readonly about: string
}

/** All flags, in the order of `--help`. */
export const FLAGS = {
  port: { short: 'p', value: 'NUMBER', about: 'port to listen on (8000); 0: any that is free' },
  bind: { short: 'b', value: 'ADDRESS', about: 'address to listen on (127.0.0.1); 0.0.0.0: all' },
  directory: { short: 'd', value: 'FOLDER', about: 'folder to serve (the one you are in)' },
  'cgi-dir': {
    value: 'FOLDER',
    isRepeatable: true,
    about: 'folder of scripts in it, or anywhere: /URL=FOLDER',
  },
  scripts: {
    value: '.X,.Y',
    isRepeatable: true,
    about: 'run files with these extensions, in any folder',
  },
  script: {
    value: 'URL=PROGRAM',
    isRepeatable: true,
    about: 'program that answers every request below a URL',
  },
  fastcgi: {
    value: '.X=SERVER',
    isRepeatable: true,
    about: 'run .X, or all below /URL, by php-cgi or HOST:PORT',
  },
  files: { value: 'URL=FOLDER', isRepeatable: true, about: 'another folder of files' },
  interpreter: {
    value: '.X=CMD',
    isRepeatable: true,
    about: 'command that runs scripts with the extension .X',
  },
  index: {
    value: 'NAME,NAME',
    isRepeatable: true,
    about: 'index files of a folder: index.cgi,index.php',
  },
  fallback: { value: 'SCRIPT', about: 'answers for what names no file: index.php' },
  env: {
    value: 'NAME=VALUE',
    isRepeatable: true,
    about: 'variable for scripts; NAME alone passes on yours',
  },
  cwd: { value: 'FOLDER', about: 'working directory of scripts' },
  user: { value: 'NAME', about: 'user that runs scripts' },
  'max-processes': { value: 'N', about: 'scripts at once; more wait' },
  timeout: { value: 'TIME', about: 'the longest that a script may take to begin, or be idle' },
  warm: { about: 'keep interpreters of Python and Perl scripts loaded' },
  auth: { value: 'FILE', about: 'users and passwords, by htpasswd -B' },
  'tls-cert': { value: 'FILE', about: 'certificate for HTTPS' },
  'tls-key': { value: 'FILE', about: 'private key for HTTPS' },
  'link-root': { value: 'FOLDER', isRepeatable: true, about: 'folder that links may lead to' },
  send: { value: '.X,.Y', isRepeatable: true, about: 'send these sources of scripts' },
  'trust-proxy': { value: 'ADDRESS,ADDRESS', about: 'proxies that name the client in a header' },
  'watch-errors': { value: 'WHO', about: 'who sees why a script failed: on, off, local' },
  log: { value: 'FORMAT', about: 'text or json' },
  open: { about: 'open the site in a browser' },
  watch: { about: 'reload its pages when a file changes' },
  metrics: { about: 'numbers for Prometheus, at /.common-gateway/metrics' },
  'no-status': { about: 'no status page' },
  config: { value: 'FILE', about: 'file of settings' },
  'print-config': { about: 'show all settings and where each comes from' },
  completion: { value: 'SHELL', about: 'print a completion script for bash, zsh or fish' },
  man: { about: 'print the manual page, for man -l -' },
  version: { about: 'print the version' },
  help: { short: 'h', about: 'print the flags' },
  host: { value: 'ADDRESS', isHidden: true, about: 'the same as --bind' },
  // Python's server needed it to run scripts. It is accepted and ignored.
  cgi: { isHidden: true, about: 'changes nothing' },
} as const satisfies Record<string, Flag>

export type FlagName = keyof typeof FLAGS

/** The flags that are shown. */
export const SHOWN_FLAGS: readonly (readonly [name: FlagName, flag: Flag])[] =
  // The names of FLAGS.
  (Object.entries(FLAGS) as [FlagName, Flag][]).filter(([, { isHidden }]) => isHidden !== true)

/** `--port NUMBER` */
export function writeFlag(name: FlagName): string {
  const { value }: Flag = FLAGS[name]
  return value === undefined ? `--${name}` : `--${name} ${value}`
}
