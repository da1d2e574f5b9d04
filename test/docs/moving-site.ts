import { chmod, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where the site of the guides is; in a test, it is elsewhere. */
const SITE = '/srv/site'

/** The port that the guides' servers of ours listen on. */
const PORT = '3000'

const PACKAGES = fileURLToPath(new URL('../../node_modules', import.meta.url))

/** A site as the guides' configurations expect one, with scripts that show where servers differ. */
export class MovingSite {
  private constructor(readonly folder: string) {}

  static async create(): Promise<MovingSite> {
    const prefix = path.join(tmpdir(), 'common-gateway-moving-')
    const site = new MovingSite(await realpath(await mkdtemp(prefix)))
    // A server may run as another user.
    await chmod(site.folder, 0o755)
    await symlink(PACKAGES, path.join(site.folder, 'node_modules'))
    for (const name of ['cgi-bin', 'htdocs', 'marks', 'private/files']) {
      await mkdir(path.join(site.folder, name), { recursive: true })
    }
    // For scripts that run as another user.
    await chmod(path.join(site.folder, 'marks'), 0o777)
    for (const [name, text] of Object.entries(SCRIPTS)) {
      const script = `#!/bin/sh\n${site.localize(text, PORT)}`
      await writeFile(path.join(site.folder, 'cgi-bin', name), script, { mode: 0o755 })
    }
    await writeFile(path.join(site.folder, 'private/files/report.txt'), 'a report\n')
    await writeFile(path.join(site.folder, 'htdocs/index.html'), '<p>Welcome</p>\n')
    await writeFile(path.join(site.folder, 'cgi-bin/closed.sh'), '#!/bin/sh\n', { mode: 0o644 })
    await writeFile(
      path.join(site.folder, 'cgi-bin/greet.txt'),
      'echo "Content-Type: text/plain"; echo; echo Hello\n',
    )
    for (const [name, text] of Object.entries(PAGES)) {
      await site.put(path.join('htdocs', name), text, PORT)
    }
    const page = await site.put('private/outside.php', PAGES['info.php'], PORT)
    await symlink(page, path.join(site.folder, 'htdocs/link.php'))
    const outside = path.join(site.folder, 'private/outside.sh')
    await writeFile(outside, `#!/bin/sh\n${SCRIPTS['hello.sh']}`, { mode: 0o755 })
    await symlink(outside, path.join(site.folder, 'cgi-bin/link.sh'))
    return site
  }

  /** Puts this place and a port where a guide has its own. */
  localize(text: string, port: number | string): string {
    return text.replaceAll(SITE, this.folder).replaceAll(PORT, String(port))
  }

  /** Puts a text of a guide into a file. @returns its path. */
  async put(name: string, text: string, port: number | string): Promise<string> {
    const file = path.join(this.folder, name)
    await writeFile(file, this.localize(text, port))
    return file
  }

  /** How the script `leave.sh` ended that was asked for with this query; undefined while it runs. */
  async readMark(query: string): Promise<string | undefined> {
    try {
      return (await readFile(path.join(this.folder, 'marks', query), 'utf8')).trim()
    } catch {
      return undefined
    }
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true })
  }
}

const SCRIPTS = {
  /** Everything that the environment has. */
  'show.sh': 'echo "Content-Type: text/plain"\necho\nenv\necho "ARGUMENTS=$*"\necho END',
  /** The same, of the request's body as well. */
  'read.sh': 'echo "Content-Type: text/plain"\necho\ncat\necho\nenv\necho END',
  /** What is the same everywhere. */
  'report.sh': `echo "Content-Type: text/plain"
echo
echo "$REQUEST_METHOD $SCRIPT_NAME $PATH_INFO"
echo "query $QUERY_STRING, type $CONTENT_TYPE, from $REMOTE_ADDR"
echo "$GATEWAY_INTERFACE $SERVER_PROTOCOL"
echo "site $SITE_NAME, cookie $HTTP_COOKIE, accepts $HTTP_ACCEPT"
pwd
[ "$REQUEST_METHOD" = POST ] && cat
echo`,
  'hello.sh': 'echo "Content-Type: text/plain"\necho\necho Hello',
  '.hidden.sh': 'echo "Content-Type: text/plain"\necho\necho Hello',
  'forbidden.sh': 'echo "Status: 403 Not Today"\necho "Content-Type: text/plain"\necho\necho no',
  'redirect.sh': 'echo "Location: https://example.org/elsewhere"\necho',
  'local.sh': 'echo "Location: /cgi-bin/hello.sh"\necho',
  'cookies.sh':
    'echo "Set-Cookie: a=1"\necho "Set-Cookie: b=2"\necho "Content-Type: text/plain"\necho\necho ok',
  'broken.sh': 'echo "This is no header"\necho "Nor is this"',
  'status.sh': 'echo "Status: 99"\necho "Content-Type: text/plain"\necho\necho ok',
  'silent.sh': ':',
  /** Longer than any time-out: a server that is slow to notice answers with its time-out all the same. */
  'slow.sh': 'exec sleep 300',
  'nph-raw.sh':
    'printf "HTTP/1.1 404 Nobody Here\\r\\nX-Raw: yes\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n"',
  'sendfile.sh':
    'echo "X-Sendfile: /srv/site/private/files/report.txt"\necho "Content-Type: text/plain"\necho',
  'accel.sh': 'echo "X-Accel-Redirect: /files/report.txt"\necho "Content-Type: text/plain"\necho',
  'events.sh': 'echo "Content-Type: text/plain"\necho\necho "first"\nsleep 1\necho "second"',
  /** Tells in a file how it ended. */
  'leave.sh': `mark="/srv/site/marks/$QUERY_STRING"
trap 'echo stopped > "$mark"; exit' TERM
echo "Content-Type: text/plain"
echo
echo begun > "$mark"
sleep 3 &
wait
echo finished > "$mark"`,
} as const

/** What PHP makes of the environment. */
const PAGES = {
  'info.php': `<?php
header('Content-Type: text/plain');
setcookie('a', '1');
setcookie('b', '2');
echo "\n";
foreach ($_SERVER as $name => $value) if (is_string($value)) echo "$name=$value\n";
echo "END";
`,
  'leave.php': '<?php passthru("exec /srv/site/cgi-bin/leave.sh");',
} as const
