import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Random } from '../../soak/random.js'
import { History } from './history.js'
import { PERL, PYTHON } from '../interpreters.js'

/** How a language names its files, and how the scripts below report what they were made of. */
const LANGUAGES = {
  python: {
    script: 'script.py',
    own: 'own_module.py',
    shadow: 'colorsys.py',
    onPath: 'on_path.py',
    pathVariable: 'PYTHONPATH',
    text: (version: string) => `#!${PYTHON}
import decimal, email.message, html, http.cookies, json, os, urllib.parse
import own_module, on_path, colorsys
print('script=${version} own=%s path=%s shadow=%s fixed=%s query=%s' % (
    own_module.VERSION, on_path.VERSION, getattr(colorsys, 'VERSION', 'none'),
    os.environ['FIXED'], os.environ['QUERY_STRING']))
`,
    module: (_name: string, version: string) => `VERSION = '${version}'\n`,
  },
  perl: {
    script: 'script.pl',
    own: 'OwnModule.pm',
    shadow: 'Text/Abbrev.pm',
    onPath: 'OnPath.pm',
    pathVariable: 'PERL5LIB',
    text: (version: string) => `#!${PERL}
use FindBin;
use lib $FindBin::Bin;
use POSIX;
use OwnModule;
use OnPath;
use Text::Abbrev;
BEGIN { my $work = 0; $work += $_ for 1 .. 300_000 }
no strict 'refs';
print 'script=${version}', join '', map { my $value = \${"$$_[1]::VERSION"}; " $$_[0]=" . ($value =~ /^v/ ? $value : 'none') }
  ['own', 'OwnModule'], ['path', 'OnPath'], ['shadow', 'Text::Abbrev'];
print " fixed=$ENV{FIXED} query=$ENV{QUERY_STRING}\\n";
`,
    module: (name: string, version: string) =>
      `package ${name};\nour $VERSION = '${version}';\n1;\n`,
  },
} as const

export type MutableLanguage = keyof typeof LANGUAGES

/** A script with modules, all of which change while it is asked. */
export class MutableSite {
  readonly folder: string
  readonly script: string
  readonly #histories = {
    script: new History(''),
    own: new History(''),
    shadow: new History('none'),
  }
  readonly #language: MutableLanguage
  /** The module of the path in each of its two folders. */
  readonly #pathHistories = [new History(''), new History('')] as const
  #pathFolder: 0 | 1 = 0
  #version = 0

  constructor(folder: string, language: MutableLanguage) {
    this.folder = folder
    this.#language = language
    this.script = path.join(folder, LANGUAGES[language].script)
    for (const name of ['', 'path-0', 'path-1'])
      mkdirSync(path.join(folder, name), { recursive: true })
    this.#writeScript()
    this.#writeOwnModule()
    for (const at of [0, 1] as const) this.#writeOnPath(at)
  }

  /** The variable that names the folder of modules that is in use. */
  get variables(): Readonly<Record<string, string>> {
    return {
      [LANGUAGES[this.#language].pathVariable]: path.join(this.folder, `path-${this.#pathFolder}`),
    }
  }

  /** What the answer of a request may be made of that has these variables. */
  get histories(): Readonly<Record<string, History>> {
    return { ...this.#histories, path: this.#pathHistories[this.#pathFolder] }
  }

  /** Changes one thing. */
  mutate(random: Random): void {
    const change = random.pick([
      () => this.#writeScript(),
      () => this.#writeOwnModule(),
      () => this.#writeOnPath(random.below(2) === 0 ? 0 : 1),
      () => this.#changeShadow(),
      () => this.#changePath(),
    ])
    change()
  }

  #next(): string {
    this.#version += 1
    return `v${this.#version}`
  }

  #writeScript(): void {
    const version = this.#next()
    const { script, text } = LANGUAGES[this.#language]
    this.#replace(script, text(version))
    this.#histories.script.add(version)
  }

  #writeOwnModule(): void {
    const version = this.#next()
    const { own, module } = LANGUAGES[this.#language]
    this.#replace(own, module('OwnModule', version))
    this.#histories.own.add(version)
  }

  #writeOnPath(at: 0 | 1): void {
    const version = this.#next()
    const { onPath, module } = LANGUAGES[this.#language]
    this.#replace(path.join(`path-${at}`, onPath), module('OnPath', version))
    this.#pathHistories[at].add(version)
  }

  #changePath(): void {
    this.#pathFolder = this.#pathFolder === 0 ? 1 : 0
  }

  /** A module of the library is shadowed by one beside the script, or not any more. */
  #changeShadow(): void {
    const { shadow, module } = LANGUAGES[this.#language]
    if (this.#histories.shadow.current !== 'none') {
      rmSync(path.join(this.folder, shadow))
      this.#histories.shadow.add('none')
      return
    }
    const version = this.#next()
    this.#replace(shadow, module('Text::Abbrev', version))
    this.#histories.shadow.add(version)
  }

  /** By rename(2): a script that is loaded meanwhile finds the whole of either. */
  #replace(name: string, text: string): void {
    const file = path.join(this.folder, name)
    const temporary = `${file}.new`
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(temporary, text)
    chmodSync(temporary, 0o755)
    renameSync(temporary, file)
  }
}
