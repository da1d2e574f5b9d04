import type { CgiOptions } from '@common-gateway/core'
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { type Adapter, adapters, type RunningGateway } from '../support/adapters.js'
import { send } from '../support/client.js'
import { makeFolder, NO_HANG, startAt } from './application.js'
import { needs } from './programs.js'

const PAGE = `<?php
header('Content-Type: text/plain');
echo "ran {$_SERVER['SCRIPT_NAME']}|", $_SERVER['PATH_INFO'] ?? '', "|{$_SERVER['REQUEST_URI']}|", __FILE__;
`
/** What a script of Perl or of the shell prints, by the same pattern. */
const CGI = `#!/bin/sh
printf 'Content-Type: text/plain\\n\\nran %s|%s|%s|%s' "$SCRIPT_NAME" "$PATH_INFO" "$REQUEST_URI" "$0"
`

const PHP: CgiOptions<never> = {
  interpreters: { '.php': 'php-cgi' },
  extensions: ['.php'],
  index: ['index.php', 'index.html'],
  otherFiles: 'send',
}

/** How an application lies on disk: names of files to their content. */
type Layout = Readonly<Record<string, string>>

function lay(folder: string, layout: Layout): string {
  for (const [name, text] of Object.entries(layout)) {
    const file = path.join(folder, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, text, { mode: text.startsWith('#!') ? 0o755 : 0o644 })
  }
  return realpathSync(folder)
}

interface Expected {
  /** URL to the script that runs for it, its PATH_INFO after `|`. */
  readonly runs?: Readonly<Record<string, string>>
  /** URL to its type. */
  readonly sends?: Readonly<Record<string, string>>
  /** URL to the place it leads to. */
  readonly redirects?: Readonly<Record<string, string>>
  readonly refuses?: readonly string[]
}

async function assertServes(gateway: RunningGateway, expected: Expected): Promise<void> {
  for (const [url, ran] of Object.entries(expected.runs ?? {})) {
    const { status, text } = await send(gateway, url)
    assert.equal(status, 200, `${url}: ${text}`)
    assert.ok(
      text.startsWith(`ran ${ran.includes('|') ? ran : `${ran}|`}|${url}|`),
      `${url}: ${text}`,
    )
  }
  for (const [url, type] of Object.entries(expected.sends ?? {})) {
    const answer = await send(gateway, url)
    assert.equal(answer.status, 200, url)
    assert.ok(
      answer.all('content-type')[0]?.startsWith(type),
      `${url}: ${answer.all('content-type').join()}`,
    )
  }
  for (const [url, location] of Object.entries(expected.redirects ?? {})) {
    const answer = await send(gateway, url)
    assert.deepEqual([answer.status, ...answer.all('location')], [308, location], url)
  }
  for (const url of expected.refuses ?? []) {
    const { status, text } = await send(gateway, url)
    assert.ok([403, 404].includes(status), `${url}: ${status}`)
    assert.doesNotMatch(text, /<\?php|hunter2|#!/, url)
  }
}

function layoutSuite(t: Test, adapter: Adapter): void {
  void t.test(
    'MAP-8 WordPress is one mount at the root: permalinks, uploads, its admin',
    NO_HANG,
    async (t) => {
      const root = lay(makeFolder(t), {
        'index.php': PAGE,
        'wp-login.php': PAGE,
        'wp-config.php': `${PAGE}// hunter2`,
        'wp-config.php.bak': 'hunter2',
        'wp-config.php~': 'hunter2',
        'wp-admin/index.php': PAGE,
        'wp-admin/css/login.min.css': 'p { margin: 0 }',
        'wp-includes/js/jquery/jquery.min.js': 'jQuery = 1',
        'wp-content/uploads/2024/01/photo.jpg': 'JPEG',
        'wp-content/uploads/2024/01/evil.php.jpg': 'JPEG',
        'wp-content/themes/a/functions.php': PAGE,
        'readme.html': '<p>',
        '.htaccess': 'hunter2',
        '.git/config': 'hunter2',
      })
      const outside = lay(makeFolder(t), { 'evil.php': PAGE, 'dump.sql': 'hunter2' })
      symlinkSync(outside, path.join(root, 'wp-content/private'))
      const gateway = await startAt(t, adapter, '/blog', { root, ...PHP, fallback: 'index.php' })
      await assertServes(gateway, {
        runs: {
          '/blog/': '/blog/index.php',
          '/blog/?p=1': '/blog/index.php',
          '/blog/2024/01/a-post/': '/blog/index.php',
          '/blog/category/a/feed/?x=y': '/blog/index.php',
          '/blog/wp-json/wp/v2/posts': '/blog/index.php',
          '/blog/index.php/2024/01/': '/blog/index.php|/2024/01/',
          '/blog/wp-login.php': '/blog/wp-login.php',
          '/blog/wp-admin/': '/blog/wp-admin/index.php',
          '/blog//wp-login.php': '/blog/wp-login.php',
          '/blog/readme.html/x': '/blog/index.php',
        },
        sends: {
          '/blog/wp-admin/css/login.min.css': 'text/css',
          '/blog/wp-includes/js/jquery/jquery.min.js?ver=3': 'text/javascript',
          '/blog/wp-content/uploads/2024/01/photo.jpg': 'image/jpeg',
          '/blog/readme.html': 'text/html',
        },
        redirects: {
          '/blog/wp-admin': '/blog/wp-admin/',
          '/blog/wp-admin?a=b': '/blog/wp-admin/?a=b',
        },
        refuses: [
          '/blog/wp-config.php.bak',
          '/blog/wp-config.php~',
          '/blog/.htaccess',
          '/blog/.git/config',
          '/blog/.git/',
          '/blog/wp-content/private/evil.php',
          '/blog/wp-content//private/evil.php',
          '/blog/wp-content/%70rivate/evil.php/x',
          '/blog/wp-content/private/dump.sql',
          '/blog/wp-content/private/',
        ],
      })
    },
  )

  void t.test(
    'MAP-8 MediaWiki is one mount, its folders linked as Debian has them',
    NO_HANG,
    async (t) => {
      const whole = makeFolder(t)
      const share = lay(path.join(whole, 'share'), {
        'index.php': PAGE,
        'api.php': PAGE,
        'load.php': PAGE,
        'resources/assets/wiki.png': 'PNG',
        'skins/Vector/resources/styles.css': 'p { margin: 0 }',
        'skins/Vector/SkinVector.php': PAGE,
      })
      const root = lay(path.join(whole, 'wiki'), {
        'LocalSettings.php': PAGE,
        'images/a/ab/Photo.png': 'PNG',
        'images/README': 'text',
      })
      for (const name of ['index.php', 'api.php', 'load.php', 'resources', 'skins']) {
        symlinkSync(path.join(share, name), path.join(root, name))
      }
      const options = { root, ...PHP, fallback: 'index.php', linkRoots: [share] }
      const gateway = await startAt(t, adapter, '/w', options)
      await assertServes(gateway, {
        runs: {
          '/w/index.php?title=Main_Page': '/w/index.php',
          '/w/index.php/Main_Page': '/w/index.php|/Main_Page',
          '/w/api.php?action=query': '/w/api.php',
          '/w/load.php?modules=a': '/w/load.php',
          '/w/Main_Page': '/w/index.php',
          '/w/AC/DC': '/w/index.php',
          '/w/Caf%C3%A9': '/w/index.php',
          '/w/': '/w/index.php',
        },
        sends: {
          '/w/resources/assets/wiki.png': 'image/png',
          '/w/skins/Vector/resources/styles.css': 'text/css',
          '/w/images/a/ab/Photo.png': 'image/png',
        },
      })
      const closed = await startAt(t, adapter, '/w', { root, ...PHP })
      await assertServes(closed, { refuses: ['/w/index.php', '/w/resources/assets/wiki.png'] })
    },
  )

  void t.test('MAP-8 Nagios is one mount: pages beside scripts', NO_HANG, async (t) => {
    const root = lay(makeFolder(t), {
      'index.php': PAGE,
      'main.php': PAGE,
      'side.html': '<p>',
      'docs/index.html': '<p>',
      'images/logo.gif': 'GIF89a',
      'stylesheets/common.css': 'p { margin: 0 }',
      'config.inc.php': PAGE,
      'includes/utils.inc': '<?php // hunter2',
      'cgi-bin/status.cgi': CGI,
      'cgi-bin/tac.cgi': CGI,
      'cgi-bin/README': 'text',
    })
    const options = { root, ...PHP, extensions: ['.php', '.cgi'] }
    const gateway = await startAt(t, adapter, '/nagios', options)
    await assertServes(gateway, {
      runs: {
        '/nagios/': '/nagios/index.php',
        '/nagios/main.php': '/nagios/main.php',
        '/nagios/cgi-bin/status.cgi?host=all': '/nagios/cgi-bin/status.cgi',
        '/nagios/cgi-bin/tac.cgi/x': '/nagios/cgi-bin/tac.cgi|/x',
      },
      sends: {
        '/nagios/side.html': 'text/html',
        '/nagios/docs/': 'text/html',
        '/nagios/images/logo.gif': 'image/gif',
        '/nagios/stylesheets/common.css': 'text/css',
      },
      redirects: { '/nagios/docs': '/nagios/docs/', '/nagios': '/nagios/' },
      refuses: ['/nagios/includes/utils.inc', '/nagios/none.html', '/nagios/cgi-bin/'],
    })
  })

  void t.test(
    'MAP-8 ikiwiki is one mount: a compiled wrapper among its pages',
    NO_HANG,
    async (t) => {
      const root = lay(makeFolder(t), {
        'index.html': '<p>',
        'style.css': 'p { margin: 0 }',
        'posts/first/index.html': '<p>',
        'ikiwiki.cgi': CGI,
      })
      // A program without a name of one, as a wrapper for hooks is.
      copyFileSync('/bin/true', path.join(root, 'wrapper'))
      const options = {
        root,
        extensions: ['.cgi'],
        index: ['index.html'],
        otherFiles: 'send',
      } as const
      const gateway = await startAt(t, adapter, '/blog', options)
      await assertServes(gateway, {
        runs: { '/blog/ikiwiki.cgi?do=edit': '/blog/ikiwiki.cgi' },
        sends: {
          '/blog/': 'text/html',
          '/blog/posts/first/': 'text/html',
          '/blog/style.css': 'text/css',
        },
        redirects: { '/blog/posts/first': '/blog/posts/first/' },
        refuses: ['/blog/wrapper', '/blog/posts/', '/blog/none'],
      })
    },
  )
}

for (const adapter of adapters) {
  void t.test(`applications in one folder (${adapter.name})`, needs('php-cgi'), async (t) => {
    layoutSuite(t, adapter)
  })
}

void t.test('programs that Debian links to', needs('gitweb', 'MapServer'), async (t) => {
  for (const adapter of adapters) {
    void t.test(
      `MAP-4 linkRoots allows gitweb.cgi and mapserv (${adapter.name})`,
      NO_HANG,
      async (t) => {
        const root = '/usr/lib/cgi-bin'
        const linkRoots = ['/usr/share/gitweb', '/usr/bin']
        const open = await startAt(t, adapter, '/cgi-bin', { root, linkRoots })
        assert.match((await send(open, '/cgi-bin/gitweb.cgi')).text, /<title>/)
        assert.match((await send(open, '/cgi-bin/mapserv')).text, /MapServ/)
        const closed = await startAt(t, adapter, '/cgi-bin', { root })
        assert.equal((await send(closed, '/cgi-bin/gitweb.cgi')).status, 404)
        await closed.logged(({ linkTarget }) => linkTarget === '/usr/share/gitweb/gitweb.cgi')
      },
    )
  }
})
