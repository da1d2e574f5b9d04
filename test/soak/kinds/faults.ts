import type { Kind } from '../kind.js'
import type { Outcome } from '../outcome.js'

/** A script that fails in its own way, and what the client receives. */
function fault(script: string, outcome: Outcome, weight: number): Kind {
  return {
    name: `a fault: ${script}`,
    weight,
    allowed: [outcome],
    visit: (visitor) => visitor.expect({ path: `/cgi-bin/${script}?${visitor.token}` }, ''),
  }
}

/** A script that does strange things, and answers. */
function oddity(script: string, weight: number): Kind {
  return {
    name: `an oddity: ${script}`,
    weight,
    allowed: ['200'],
    visit: (visitor) =>
      visitor.expect({ path: `/cgi-bin/${script}?${visitor.token}` }, visitor.token),
  }
}

/** Scripts with faults. */
export const faults: readonly Kind[] = [
  fault('silent.cgi', '502', 20),
  fault('kill-itself-early.cgi', '502', 15),
  fault('endless-header.cgi', '502', 10),
  fault('bad-header.cgi', '502', 15),
  fault('loop.cgi', '502', 2),
  fault('no-interpreter.cgi', '500', 10),
  fault('no-format.cgi', '500', 10),
  fault('not-executable.txt', '403', 10),
  fault('no-such.cgi', '404', 10),
  oddity('more.cgi', 15),
  oddity('close-output.cgi', 5),
  oddity('leave-child.cgi', 5),
  {
    name: 'an oddity: flood-errors.cgi',
    weight: 5,
    allowed: ['200'],
    visit: (visitor) => visitor.expect({ path: '/cgi-bin/flood-errors.cgi' }, 'answered\n'),
  },
  {
    name: 'a fault: less.cgi',
    weight: 15,
    // Its end may be known before its beginning is sent.
    allowed: ['cut', 'none'],
    visit: (visitor) =>
      visitor.expect({ path: `/cgi-bin/less.cgi?${visitor.token}` }, visitor.token),
  },
]
