import { type ChildProcess, spawn } from 'node:child_process'

/**
 * A shell script that kills process groups when its input ends. Each line of the input adds (`+`) or removes
 * (`-`) a group by its id.
 */
const GUARD = `
groups=' '
while read -r change group; do
  case $change$groups in
    +*) groups="$groups$group " ;;
    *" $group "*) groups="\${groups%%" $group "*} \${groups#*" $group "}" ;;
  esac
done
for group in $groups; do
  kill -s KILL -- "-$group"
done
`

/**
 * Kills process groups when this thread ends. No JavaScript runs in a thread that `worker.terminate()` or the exit of
 * the process ends, nor in a process that SIGKILL ends, but its end of a pipe is closed: a shell waits for that.
 * (PR_SET_PDEATHSIG would kill a process with its thread, but not the children of that process.)
 */
export class GroupGuard {
  readonly #keepsShell: boolean
  readonly #groups: number[] = []
  #shell: ChildProcess | undefined

  /** @param keepsShell - whether the shell stays while there is no group, for the next one. */
  constructor(keepsShell: boolean) {
    this.#keepsShell = keepsShell
  }

  add(group: number): void {
    this.#groups.push(group)
    if (this.#shell === undefined) this.#start()
    else this.#send('+', group)
  }

  remove(group: number): void {
    const index = this.#groups.indexOf(group)
    if (index === -1) return
    this.#groups.splice(index, 1)
    this.#send('-', group)
    if (this.#keepsShell || this.#groups.length > 0) return
    this.#shell?.stdin?.end()
    this.#shell = undefined
  }

  #start(): void {
    const shell = spawn('/bin/sh', ['-c', GUARD, 'common-gateway'], {
      cwd: '/',
      env: {},
      // setsid(2): signals of the terminal (SIGINT) do not reach it.
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    this.#shell = shell
    // Without a shell, processes outlive `worker.terminate()` and SIGKILL.
    shell.on('error', () => {}).on('exit', () => this.#forget(shell))
    shell.stdin.on('error', () => {})
    shell.unref()
    // It is a pipe with `unref`, though its type does not say so.
    if ('unref' in shell.stdin && typeof shell.stdin.unref === 'function') shell.stdin.unref()
    for (const group of this.#groups) this.#send('+', group)
  }

  #forget(shell: ChildProcess): void {
    if (this.#shell === shell) this.#shell = undefined
  }

  #send(change: '+' | '-', group: number): void {
    this.#shell?.stdin?.write(`${change} ${group}\n`)
  }
}
