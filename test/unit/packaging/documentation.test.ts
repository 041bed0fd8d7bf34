import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { suite, test } from 'node:test';

import { listFiles, PackageManager } from '@vscode/vsce';

import { projectRoot } from '../../tools/projectPaths.ts';
import { sourceFiles } from '../../tools/sourceTexts.ts';

interface Manifest {
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly title: string }[];
    readonly menus: { readonly commandPalette: readonly { readonly command: string; readonly when?: string }[] };
    readonly configuration: { readonly properties: Readonly<Record<string, unknown>> };
  };
}

const read = (path: string): Promise<string> => readFile(join(projectRoot, path), 'utf8');
const { contributes } = JSON.parse(await read('package.json')) as Manifest;
type Texts = Readonly<Record<string, string>>;
const titleOf = ({ title }: { readonly title: string }, texts: Texts): string =>
  texts[/^%(.*)%$/.exec(title)?.[1] ?? ''] ?? title;

/** The manifest's texts in the language of a page: `push.nls.de.md` is German. */
async function textsOf(page: string): Promise<Texts> {
  const language = /\.nls(\.[\w-]+)\.md$/.exec(page)?.[1] ?? '';
  return JSON.parse(await read(`package.nls${language}.json`)) as Texts;
}

const inFolder = async (folder: string, extension: string): Promise<string[]> =>
  (await readdir(join(projectRoot, folder)))
    .filter((name) => name.endsWith(extension))
    .map((name) => `${folder}/${name}`);
const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'],
  ...(await inFolder('docs', '.md')),
  ...(await inFolder('media/walkthrough', '.md')),
];
const contents = new Map(await Promise.all(pages.map(async (page) => [page, withoutCode(await read(page))] as const)));

function withoutCode(markdown: string): string {
  return markdown.replaceAll(/^ *```[\s\S]*?^ *```/gm, '');
}

/** The relative links and pictures of a page, from the root of the project. */
function targetsOf(page: string): readonly { readonly path: string; readonly anchor: string | undefined }[] {
  const links = [...(contents.get(page) ?? '').matchAll(/\]\((?!\w+:)([^)\s]+)\)/g)].map(([, link = '']) => link);
  return links.map((link) => {
    const [path = '', anchor] = link.split('#');
    return { path: path === '' ? page : relative(projectRoot, join(projectRoot, dirname(page), path)), anchor };
  });
}

/** As GitHub and Gitea name a heading: small letters, without punctuation, with hyphens for blanks. */
function anchorsOf(page: string): readonly string[] {
  return [...(contents.get(page) ?? '').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Of VS Code itself, and of Container Tools. */
const foreignLabels = new Set([
  ...['Tea Chest', 'Container Tools', 'Connect Registry…', 'Terminate Task', 'Tasks: Run Task'],
  ...['Extensions: Install from VSIX…', 'Get Started: Open Walkthrough…', 'Kill VS Code Server on Host…'],
]);

/** Bold or italic text with two words that begin with a capital, or with an ellipsis, is a label of the interface. */
function labelsIn(markdown: string): string[] {
  const marked = [...markdown.matchAll(/\*\*([^*]+)\*\*|(?<![\w\\`])_([^_\n]+)_(?!\w)/g)].map(([, bold, italic]) =>
    (bold ?? italic ?? '').replaceAll(/\s+/g, ' '),
  );
  const small = /^(?:a|an|the|of|to|in|on|by|for|from|with|is|as)$/;
  return marked.filter((text) => {
    const words = text.split(' ');
    const isTitle = words.every(
      (word) => small.test(word) || /^[A-Z][\w’:-]*…?$/.test(word) || word === 'idpbuilder’s',
    );
    return text.startsWith('Tea Chest: ') || (isTitle && (text.endsWith('…') || words.length > 1));
  });
}

suite('the documentation', () => {
  test('has no link and no picture that leads nowhere', () => {
    const broken = pages.flatMap((page) =>
      targetsOf(page)
        .filter(({ path, anchor }) => {
          if (!existsSync(join(projectRoot, path))) return true;
          return anchor !== undefined && contents.has(path) && !anchorsOf(path).includes(anchor);
        })
        .map(({ path, anchor = '' }) => `${page}: ${path}#${anchor}`),
    );
    assert.deepEqual(broken, []);
  });

  test('that is installed leads only to what is installed', async () => {
    const shipped = new Set(await listFiles({ cwd: projectRoot, packageManager: PackageManager.None }));
    const shippedPages = pages.filter((page) => shipped.has(page));
    assert.ok(shippedPages.includes('README.md') && shippedPages.includes('docs/troubleshooting.md'));
    const unshipped = shippedPages.flatMap((page) =>
      targetsOf(page)
        .filter(({ path }) => !shipped.has(path))
        .map(({ path }) => `${page}: ${path}`),
    );
    // For who reads it in the repository: VS Code's page about the extension loads no relative picture.
    assert.deepEqual(unshipped, ['README.md: media/screenshots/push.png']);
  });

  test('has two indexes that list each page, and no picture that no page shows', async () => {
    const indexes = ['docs/README.md', 'CONTRIBUTING.md'];
    const listed = new Set(indexes.flatMap((page) => targetsOf(page).map(({ path }) => path)));
    const missing = pages.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md' && !listed.has(page));
    assert.deepEqual(missing, [], 'pages that no index lists');
    const shown = new Set(pages.flatMap((page) => targetsOf(page).map(({ path }) => path)));
    const pictures = [
      ...(await inFolder('docs/screenshots', '.png')),
      ...(await inFolder('media/screenshots', '.png')),
    ];
    assert.deepEqual(
      pictures.filter((picture) => !shown.has(picture)),
      [],
      'pictures that no page shows',
    );
  });

  test('names commands as the palette does, and other labels as the program has them', async () => {
    const hidden = new Set(
      contributes.menus.commandPalette.filter(({ when }) => when === 'false').map(({ command }) => command),
    );
    const visible = contributes.commands.filter(({ command }) => !hidden.has(command));
    const sources = (await Promise.all(sourceFiles().map(read))).join('\n');
    let count = 0;
    const unknown: string[] = [];
    for (const [page, markdown] of contents) {
      // What other versions had, and what Gitea's own protocol is like.
      if (page === 'CHANGELOG.md' || page === 'docs/gitea.md') continue;
      const texts = await textsOf(page);
      const palette = new Set(visible.map((one) => `Tea Chest: ${titleOf(one, texts)}`));
      const labels = new Set(Object.values(texts));
      const isKnown = (label: string): boolean =>
        foreignLabels.has(label) ||
        (label.startsWith('Tea Chest: ')
          ? palette.has(label)
          : [label, `${label}…`].some((one) => labels.has(one) || sources.includes(`'${one}'`)));
      const found = labelsIn(markdown);
      count += found.length;
      unknown.push(...found.filter((label) => !isKnown(label)).map((label) => `${page}: ${label}`));
    }
    assert.ok(count > 50, `only ${count} labels were found`);
    assert.deepEqual(unknown, []);
  });

  test('names no setting and no command that does not exist', () => {
    const commands = contributes.commands.map(({ command }) => command);
    const known = [...commands, ...Object.keys(contributes.configuration.properties)];
    const unknown = pages
      .filter((page) => page !== 'CHANGELOG.md')
      .flatMap((page) =>
        [...(contents.get(page) ?? '').matchAll(/`(teaChest\.[\w.]+)`/g)]
          .map(([, name = '']) => name)
          .filter((name) => !known.some((one) => one === name || one.startsWith(`${name}.`)))
          .map((name) => `${page}: ${name}`),
      );
    assert.deepEqual(unknown, []);
  });
});
