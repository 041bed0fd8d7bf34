import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { ownFiles } from '../../scripts/packaging/extensionParts.mjs';
import { largePackages, parserFile } from '../../scripts/packaging/shippedPackages.mjs';
import { packageExtension } from '../../scripts/packaging/packageExtension.ts';
import { projectRoot } from '../tools/projectPaths.ts';
import { makeScratch } from '../tools/scratch.ts';

/** Pages that do not help to use it, and one of pictures: they are in the repository. */
const pagesNotShipped = ['architecture', 'gitea', 'performance', 'testing', 'tour'].map((name) => `${name}.md`);

test('the VSIX holds what users need and nothing else, in less than 600 kB', async () => {
  const scratch = await makeScratch('vsix');
  try {
    const { size, files } = await packageExtension(join(scratch.path, 'tea-chest.vsix'));
    const pages = (await readdir(join(projectRoot, 'docs'), { withFileTypes: true })).filter(
      ({ name }) => !pagesNotShipped.includes(name),
    );
    const bundles = (await readdir(join(projectRoot, 'l10n'))).filter((name) => name !== 'bundle.l10n.json');
    const manifestTexts = (await readdir(projectRoot)).filter((name) => /^package\.nls\..*json$/.test(name));
    const steps = await readdir(join(projectRoot, 'media', 'walkthrough'));
    const expected = [
      '[Content_Types].xml',
      'extension.vsixmanifest',
      'extension/LICENSE.txt',
      'extension/changelog.md',
      'extension/dist/THIRD-PARTY-NOTICES.txt',
      'extension/dist/compressWorker.cjs',
      'extension/dist/deflate.wasm',
      `extension/dist/${parserFile}`,
      'extension/dist/pushPage.css',
      'extension/dist/pushPage.js',
      ...[...ownFiles, ...largePackages].map((name) => `extension/dist/${name}.cjs`),
      'extension/media/activity-bar.svg',
      'extension/media/icon.png',
      'extension/package.json',
      'extension/readme.md',
      ...manifestTexts.map((name) => `extension/${name}`),
      // The English texts are in the code.
      ...bundles.map((name) => `extension/dist/l10n/${name}`),
      ...steps.map((name) => `extension/media/walkthrough/${name}`),
      ...pages.flatMap((page) => (page.isFile() ? [`extension/docs/${page.name}`] : [])),
    ];
    assert.deepEqual(files.map(({ path }) => path).sort(), expected.sort());
    // The goal is 600 kB (bench/report/goals.ts). More than 15 % above it is a fault.
    assert.ok(size < 600_000, `${size} bytes`);
  } finally {
    await scratch.remove();
  }
});
