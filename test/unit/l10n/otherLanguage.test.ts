import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../../../src/core/base/errors.ts';
import { textWidth } from '../../../src/core/base/textWidth.ts';
import { digestOf } from '../../../src/core/oci/digest.ts';
import { mediaTypes } from '../../../src/core/oci/mediaTypes.ts';
import type { Repository } from '../../../src/core/registry/repository.ts';
import { readTexts } from '../../tools/translations/languages.ts';

// As the extension does it: before the modules that ask for a text when they are loaded.
l10n.config({ contents: readTexts('code', 'zh-cn') });
const { readDocument } = await import('../../../src/core/gitea/browse/readDocument.ts');
const { errorMessage } = await import('../../../src/host/errors/errorMessages.ts');

suite('in Chinese', () => {
  test('no blank is between what happened and what to do next', () => {
    for (const code of ['notSignedIn', 'registryFailed', 'workingTreeDirty'] as const) {
      const { message } = errorMessage(new TeaChestError(code, '出错了。'));
      assert.match(message, /^出错了。[^\s]/);
    }
  });

  test('the columns of a history are below their titles', async () => {
    const blob = Buffer.from(
      JSON.stringify({ history: [{ created: '2026-11-01T10:00:00Z', created_by: 'COPY app /app' }] }),
    );
    const descriptor = { digest: digestOf(blob), size: blob.byteLength };
    const layer = { mediaType: mediaTypes.ociLayer, digest: digestOf(Buffer.from('layer')), size: 4321 };
    const bytes = Buffer.from(
      JSON.stringify({
        ...{ schemaVersion: 2, mediaType: mediaTypes.ociManifest },
        config: { mediaType: mediaTypes.ociConfig, ...descriptor },
        layers: [layer],
      }),
    );
    const repository = {
      repository: 'dev/app',
      readManifest: () => Promise.resolve({ bytes, digest: digestOf(bytes), mediaType: mediaTypes.ociManifest }),
      getBlob: () => Promise.resolve(blob),
    } as unknown as Repository;
    const call = { signal: new AbortController().signal };
    const text = await readDocument(repository, { digest: digestOf(bytes), part: 'history' }, call);
    const [titles = '', line = ''] = text.split('\n');
    const ends = [titles, line].map((one) => textWidth(/^.*?\S {2,}\S.*?(?= {2}\S+(?: \S+)*$)/.exec(one)?.[0] ?? ''));
    assert.deepEqual(ends, [50, 50], text);
  });
});
