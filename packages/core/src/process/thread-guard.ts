import { type ChildProcess, spawn } from 'node:child_process'

/**
 * Kills the process groups that it has been told of when its input ends. Lines: `+` or `-`, and the number of
 * a group.
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
 * Ends the scripts of a worker thread with it. Nothing in JavaScript runs in a thread that is ended by
 * `worker.terminate()`, or with its process; but its end of a pipe is closed. A shell waits at the other end.
 * (PR_SET_PDEATHSIG ends a script with its thread, too, but none of the script's children.)
 */
export class ThreadGuard {
  readonly #groups: number[] = []
  #shell: ChildProcess | undefined

  add(group: number): void {
    this.#groups.push(group)
    if (this.#shell === undefined) this.#start()
    else this.#tell('+', group)
  }

  remove(group: number): void {
    const index = this.#groups.indexOf(group)
    if (index === -1) return
    this.#groups.splice(index, 1)
    this.#tell('-', group)
  }

  #start(): void {
    const shell = spawn('/bin/sh', ['-c', GUARD, 'common-gateway'], {
      cwd: '/',
      env: {},
      // A session of its own: what the terminal sends to the host is not for it.
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    this.#shell = shell
    // Where there is no shell, `worker.terminate()` leaves scripts running.
    shell.on('error', () => {}).on('exit', () => this.#forget(shell))
    shell.stdin.on('error', () => {})
    shell.unref()
    // A pipe, which Node has no other type for.
    if ('unref' in shell.stdin && typeof shell.stdin.unref === 'function') shell.stdin.unref()
    for (const group of this.#groups) this.#tell('+', group)
  }

  #forget(shell: ChildProcess): void {
    if (this.#shell === shell) this.#shell = undefined
  }

  #tell(change: '+' | '-', group: number): void {
    this.#shell?.stdin?.write(`${change} ${group}\n`)
  }
}
