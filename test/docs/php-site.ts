import { mkdir, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { MovingSite } from './moving-site.js'

/** The site of the guides with an application in PHP beside it, as the guides to php-fpm expect one. */
export async function createPhpSite(): Promise<MovingSite> {
  const site = await MovingSite.create()
  const put = async (name: string, text: string): Promise<void> => {
    const file = path.join(site.folder, name)
    await mkdir(path.dirname(file), { recursive: true })
    await writeFile(file, site.localize(text, ''))
  }
  for (const [name, text] of Object.entries(FILES)) await put(name, text)
  await put('outside.php', FILES['public/hello.php'])
  await symlink('../outside.php', path.join(site.folder, 'public/link.php'))
  return site
}

const FILES = {
  /** The front controller. */
  'public/index.php': `<?php
header('Content-Type: text/plain');
echo "page {$_SERVER['REQUEST_URI']} by {$_SERVER['SCRIPT_NAME']}\\n";
echo "GET ", json_encode($_GET), "\\n";
`,
  /** What is the same everywhere. */
  'public/report.php': `<?php
header('Content-Type: text/plain');
setcookie('a', '1');
setcookie('b', '2');
foreach (['REQUEST_METHOD', 'SCRIPT_NAME', 'PHP_SELF', 'PATH_INFO', 'QUERY_STRING', 'SCRIPT_FILENAME', 'DOCUMENT_ROOT',
  'REQUEST_URI', 'REQUEST_SCHEME', 'REMOTE_ADDR', 'GATEWAY_INTERFACE', 'SERVER_PROTOCOL', 'CONTENT_TYPE', 'CONTENT_LENGTH',
  'HTTP_ACCEPT', 'HTTP_HOST', 'SITE_NAME'] as $name) echo "$name=", $_SERVER[$name] ?? '', "\\n";
echo json_encode([$_GET, $_POST, $_COOKIE, file_get_contents('php://input'), getcwd()]), "\\n";
foreach ($_FILES as $file) echo "$file[name] has $file[size] bytes, error $file[error]\\n";
`,
  /** All that PHP knows of the request. */
  'public/show.php': `<?php
header('Content-Type: text/plain');
echo "\\n";
foreach ($_SERVER as $name => $value) if (is_string($value)) echo "$name=$value\\n";
echo 'BODY=', file_get_contents('php://input'), "\\n";
echo "END";
`,
  'public/hello.php': "<?php header('Content-Type: text/plain'); echo 'Hello';",
  'public/docs/index.php': "<?php header('Content-Type: text/plain'); echo 'The documents';",
  'public/style.css': 'body { color: navy }\n',
  'public/.settings.ini': 'password = secret\n',
  'public/config.php.bak': "<?php $password = 'secret';",
  'public/forbidden.php': "<?php header('HTTP/1.1 403 Not Today'); echo 'no';",
  'public/redirect.php': "<?php header('Location: /hello.php');",
  'public/slow.php': '<?php sleep(60);',
  'public/accel.php': "<?php header('X-Accel-Redirect: /files/report.txt');",
  'public/sendfile.php':
    "<?php header('X-Sendfile: /srv/site/private/files/report.txt'); echo 'the page itself';",
  'public/events.php': `<?php
header('Content-Type: text/plain');
ob_end_flush();
echo "first\\n";
flush();
sleep(1);
echo "second\\n";
`,
  /** A large field, as applications with many cookies have. */
  'public/header.php': "<?php header('X-Large: ' . str_repeat('x', 10000)); echo 'ok';",
  'uploads/note.txt': 'A wren, seen on Monday.\n',
  'uploads/evil.php': "<?php echo 'run';",
  'public/evil.jpg': "<?php echo 'run';",
} as const
