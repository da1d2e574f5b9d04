import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { isRunning, until } from '../../support/processes.js'
import type { Kind } from '../kind.js'
import type { Outcome } from '../outcome.js'
import type { Visitor } from '../visitor.js'

/** Nobody else's process: its number may be that of another by now. In the midst of exec(2), it has no variables. */
async function signal({ site }: Visitor, pid: number, name: NodeJS.Signals): Promise<void> {
  await until(() => {
    if (!hasMark(pid, site.mark)) return !isRunning(pid)
    process.kill(pid, name)
    return true
  }, `process ${pid} has got ${name}`)
}

function hasMark(pid: number, mark: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark)
  } catch {
    return false
  }
}

/** Sends a signal to a script that has begun to answer. */
async function answerAndSignal(
  visitor: Visitor,
  mount: string,
  name: NodeJS.Signals,
): Promise<Outcome> {
  const connection = await visitor.dial()
  const asked = `${mount}/tell-and-wait.cgi?${visitor.token}`
  await connection.write(visitor.request({ path: asked }))
  let signalled: Promise<void> | undefined
  const answer = await visitor.read(connection, {
    onPart: (part) => {
      const [, pid] = /^\S+ (\d+)\n/.exec(part.toString()) ?? []
      if (pid === undefined) return
      signalled ??= signal(visitor, Number(pid), name)
      signalled.catch(() => {})
    },
  })
  await signalled
  if (answer?.status === 200 && !answer.body.toString().startsWith(`${visitor.token} `)) {
    throw new Error(String(answer.body))
  }
  return answer === null ? 'none' : answer.isCut ? 'cut' : `${answer.status}`
}

/** Somebody else ends a script, or stops it. */
export const killedScripts: readonly Kind[] = [
  {
    name: 'a script killed in its answer',
    weight: 8,
    allowed: ['cut'],
    visit: (visitor) => answerAndSignal(visitor, '/cgi-bin', 'SIGKILL'),
  },
  {
    name: 'a script stopped in its answer',
    weight: 3,
    allowed: ['cut', '504'],
    visit: (visitor) => answerAndSignal(visitor, '/hasty', 'SIGSTOP'),
  },
  {
    name: 'a script killed before its answer',
    weight: 6,
    allowed: ['502'],
    async visit(visitor) {
      const note = path.join(visitor.site.notes, visitor.token)
      const answered = visitor.expect({ path: `/cgi-bin/wait-silently.cgi?${note}` }, '')
      let isOver = false
      const over = answered.finally(() => (isOver = true))
      over.catch(() => {})
      let pid: string | undefined
      await until(() => {
        pid = readNote(note)
        return isOver || pid !== undefined
      }, 'the script has written its pid')
      if (pid !== undefined) await signal(visitor, Number(pid), 'SIGKILL')
      const outcome = await over
      rmSync(note, { force: true })
      return outcome
    },
  },
]

function readNote(file: string): string | undefined {
  try {
    return /^(\d+) \d+\n/.exec(readFileSync(file, 'utf8'))?.[1]
  } catch {
    // It is not there yet.
    return undefined
  }
}
