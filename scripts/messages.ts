// npm run messages: writes l10n/bundle.l10n.json, the English texts for the translators, from the calls of l10n.t in src.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../test/tools/projectPaths.ts';
import { messagesOfSource } from '../test/tools/sourceTexts.ts';

const folder = join(projectRoot, 'l10n');
const messages = await messagesOfSource();
await mkdir(folder, { recursive: true });
await writeFile(join(folder, 'bundle.l10n.json'), `${JSON.stringify(messages, undefined, 2)}\n`);
console.log(`${Object.keys(messages).length} texts`);
