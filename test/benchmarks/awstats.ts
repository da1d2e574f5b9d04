import { execFile } from 'node:child_process'
import { copyFile, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'

const AWSTATS = '/usr/lib/cgi-bin/awstats.pl'
const run = promisify(execFile)

/** Adds AWStats to a site, with the statistics of one month, where it is installed. */
export async function addAwstats(cgiBin: string, folder: string): Promise<void> {
  if (!existsSync(AWSTATS)) return
  await copyFile(AWSTATS, path.join(cgiBin, 'awstats-pl.cgi'))
  const log = path.join(folder, 'awstats.log')
  await writeFile(log, Array.from({ length: 500 }, createLine).join(''))
  // AWStats looks for its configuration beside itself first, by the name of its own file.
  await writeFile(
    path.join(cgiBin, 'awstats-pl.site.conf'),
    `LogFile="${log}"\nLogFormat=1\nSiteDomain="site.example"\nDirData="${folder}"\nDNSLookup=0\n`,
  )
  await run('perl', [path.join(cgiBin, 'awstats-pl.cgi'), '-config=site', '-update'])
}

function createLine(_value: unknown, index: number): string {
  const day = String(1 + (index % 28)).padStart(2, '0')
  const second = String(index % 60).padStart(2, '0')
  return `192.0.2.${index % 200} - - [${day}/Mar/2026:10:00:${second} +0000] "GET /birds/${index % 50}.html HTTP/1.1" 200 1024 "-" "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"\n`
}
