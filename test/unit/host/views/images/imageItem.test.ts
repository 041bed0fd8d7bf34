import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { ThemeIcon } from 'vscode';
import type { EngineImage } from '../../../../../src/core/docker/types.ts';
import { buildImageTree } from '../../../../../src/host/views/images/imageTree.ts';
import { engineImage } from '../../../../tools/engineImage.ts';
import { TeaChestError } from '../../../../../src/core/base/errors.ts';
import { digestOf } from '../../../../../src/core/oci/digest.ts';
import { markdownText } from '../../../../../src/host/display/markdownText.ts';
import type { SyncReport } from '../../../../../src/core/sync/readSyncState.ts';
import type { SyncEntry } from '../../../../../src/host/sync/syncStates.ts';
import { stateLines } from '../../../../../src/host/sync/syncText.ts';
import { connectionTo } from '../../support/hostFakes.ts';
import { useFakeVscode } from '../../support/fakeVscode.ts';

// Dates are shown in the time of this machine.
process.env['TZ'] = 'Europe/Berlin';
useFakeVscode();
const { imageItem } = await import('../../../../../src/host/views/images/imageItem.ts');

const now = Date.parse('2026-11-24T10:55:24.000Z');

/** What a row shows, and what a screen reader says. */
function rowOf(
  facts: Partial<EngineImage>,
  sync?: SyncEntry,
): readonly [icon: string, text: string, spoken: string | undefined] {
  const [repository] = buildImageTree([engineImage({ size: 184_000_000, ...facts })], { showDangling: true });
  const item = imageItem(repository?.tags[0] ?? assert.fail(), () => ({ sync }), now);
  return [(item.iconPath as ThemeIcon).id, String(item.description), item.accessibilityInformation?.label];
}

function syncEntry(outcome: SyncEntry['outcome']): SyncEntry {
  const connection = connectionTo('https://gitea.test');
  const target = { host: 'gitea.test', repository: 'dev/app', tag: '1' };
  return { connection, target, outcome, lastPush: undefined, readAt: now };
}

suite('the row of an image with a target', () => {
  const platforms = [{ os: 'linux', architecture: 'amd64' }];
  const digest = digestOf(Buffer.from('x'));

  test('begins with its state, in a word and with an icon', () => {
    const shown = (['upToDate', 'newerHere', 'newerThere', 'different', 'notPushed'] as const).map((state) => {
      const there = state === 'notPushed' ? undefined : { digest, createdAt: undefined };
      const report = { state, reason: 'sameImage', here: { imageId: digest, createdAt: undefined }, there } as const;
      const [icon, text, spoken = ''] = rowOf({ references: ['app:1'], platforms }, syncEntry(report));
      return [icon, text.split(' · ')[0], spoken.split(', ')[1]];
    });
    assert.deepEqual(shown, [
      ['pass', 'up to date', 'up to date in gitea.test'],
      ['arrow-circle-up', 'newer here', 'newer here in gitea.test'],
      ['arrow-circle-down', 'newer there', 'newer there in gitea.test'],
      ['diff', 'different', 'different in gitea.test'],
      ['cloud-upload', 'not pushed', 'not pushed in gitea.test'],
    ]);
  });

  test('says only in a word that its state is unknown, and keeps its icon', () => {
    const failure = new TeaChestError('registryUnreachable', 'Nobody answers.');
    const [icon, text] = rowOf({ references: ['app:1'], platforms }, syncEntry({ failure }));
    assert.deepEqual([icon, text.split(' · ')[0]], ['tag', 'state unknown']);
  });

  test('keeps the icon of running containers while it is up to date', () => {
    const report: SyncReport = {
      ...{ state: 'upToDate', reason: 'sameImage' },
      ...{ here: { imageId: digest, createdAt: undefined }, there: { digest, createdAt: undefined } },
    };
    const [icon] = rowOf({ references: ['app:1'], usedBy: { running: 1, stopped: 0 } }, syncEntry(report));
    assert.equal(icon, 'vm-running');
  });
});

suite('the tooltip of an image with a target', () => {
  const digest = digestOf(Buffer.from('x'));

  test('says why, with the registry’s digest and dates', () => {
    const report: SyncReport = {
      ...{ state: 'newerHere', reason: 'changedHere' },
      ...{ here: { imageId: digest, createdAt: undefined }, there: { digest, createdAt: '2026-11-23T09:00:00.5Z' } },
    };
    const at = Date.parse('2026-11-24T08:00:00Z');
    const entry = { ...syncEntry(report), lastPush: { imageId: 'a', digest, createdAt: undefined, at } };
    assert.deepEqual(markdownText(stateLines(entry, now)).split('  \n'), [
      '**Newer here** in `gitea.test/dev/app:1`',
      'It has changed here since your last push, and the registry still has that push.',
      `In the registry: \`${digest}\``,
      'Built: `Nov 23, 2026, 10:00:00 AM GMT+1`',
      'Your last push: `Nov 24, 2026, 9:00:00 AM GMT+1`',
      'Checked just now',
    ]);
  });

  test('says why a state is unknown', () => {
    const failure = new TeaChestError('registryUnreachable', 'Nobody answers at [x](command:y).');
    const text = markdownText(stateLines(syncEntry({ failure }), now));
    assert.match(
      text,
      /^\*\*State unknown\*\* in `gitea\.test\/dev\/app:1` {2}\n`Nobody answers at \[x\]\(command:y\)/,
    );
  });
});

suite('the row of a repository with one tag', () => {
  const build = (facts: Partial<EngineImage>, showDangling = false) =>
    buildImageTree([engineImage({ size: 184_000_000, ...facts })], { showDangling });

  test('is the row of the tag, with the name of the repository', () => {
    const [row = assert.fail()] = build({ references: ['shop/web:1'] });
    const ofTag = imageItem(row.tags[0] ?? assert.fail(), () => ({}), now);
    const item = imageItem(row, () => ({}), now);
    assert.equal(item.label, 'shop/web:1');
    assert.equal(item.description, '184 MB · 5 min ago');
    assert.equal(item.collapsibleState, 0);
    assert.equal(item.contextValue, 'image.tagged');
    assert.deepEqual(
      [item.description, item.contextValue, item.accessibilityInformation, item.iconPath],
      [ofTag.description, ofTag.contextValue, ofTag.accessibilityInformation, ofTag.iconPath],
    );
  });

  test('names an image by its digest or its ID if it has no tag', () => {
    const digest = digestOf(Buffer.from('x'));
    const short = digest.slice('sha256:'.length).slice(0, 12);
    const [byDigest = assert.fail()] = build({ references: [], digestReferences: [`shop/web@${digest}`] });
    assert.equal(imageItem(byDigest, () => ({}), now).label, `shop/web@${short}`);
    const [untagged = assert.fail()] = build({ references: [] }, true);
    const item = imageItem(untagged, () => ({}), now);
    assert.deepEqual([item.label, item.contextValue], ['<none> aaaaaaaaaaaa', 'image.untagged']);
  });

  test('keeps its ID when the second tag comes or goes, and has rows below it only then', () => {
    const [one = assert.fail()] = build({ references: ['app:1'] });
    const [two = assert.fail()] = build({ references: ['app:1', 'app:2'] });
    const [before, after] = [imageItem(one, () => ({}), now), imageItem(two, () => ({}), now)];
    assert.equal(before.id, after.id);
    assert.deepEqual([before.collapsibleState, after.collapsibleState], [0, 1]);
    assert.deepEqual([after.label, after.description], ['app', '2 tags']);
  });
});

suite('the row of an image', () => {
  test('says size, age and platforms', () => {
    const platforms = [
      { os: 'linux', architecture: 'amd64' },
      { os: 'linux', architecture: 'arm64', variant: 'v8' },
    ];
    assert.deepEqual(rowOf({ platforms }), [
      'tag',
      '184 MB · 5 min ago · linux/amd64, linux/arm64/v8',
      'Image app:1, 184 MB, 5 min ago, linux/amd64, linux/arm64/v8',
    ]);
  });

  test('says whether containers use it: by its text, its icon and aloud', () => {
    const use = (running: number, stopped: number) => rowOf({ usedBy: { running, stopped } });
    assert.deepEqual(use(2, 1), [
      'vm-running',
      'in use · 184 MB · 5 min ago',
      'Image app:1, in use by: 2 running containers, 1 stopped container, 184 MB, 5 min ago',
    ]);
    assert.deepEqual(use(0, 1), [
      'vm-outline',
      'in use (stopped) · 184 MB · 5 min ago',
      'Image app:1, in use by: 1 stopped container, 184 MB, 5 min ago',
    ]);
    assert.equal(use(1, 0)[2], 'Image app:1, in use by: 1 running container, 184 MB, 5 min ago');
    assert.equal(use(1, 2)[2], 'Image app:1, in use by: 1 running container, 2 stopped containers, 184 MB, 5 min ago');
    assert.deepEqual(use(0, 0), ['tag', '184 MB · 5 min ago', 'Image app:1, 184 MB, 5 min ago']);
  });

  test('says why an image cannot be pushed', () => {
    const obstacle = 'its ID is a sha512 digest';
    assert.deepEqual(rowOf({ obstacle, platforms: [], createdAt: '' }), [
      'warning',
      'cannot be pushed: its ID is a sha512 digest · 184 MB',
      'Image app:1, cannot be pushed: its ID is a sha512 digest, 184 MB',
    ]);
  });

  test('says of an artifact what it is, and shows no platform', () => {
    const artifact = { isArtifact: true, platforms: [], createdAt: '1970-01-01T00:00:00.000Z' };
    assert.deepEqual(rowOf(artifact), ['archive', '184 MB · artifact', 'Image app:1, 184 MB, artifact']);
    const ofType = (artifactType: string): string => rowOf({ ...artifact, artifactType })[1];
    assert.equal(ofType('application/vnd.cncf.helm.config.v1+json'), '184 MB · Helm chart');
    assert.equal(ofType('application/vnd.example.thing'), '184 MB · artifact application/vnd.example.thing');
  });

  test('never shows a platform without a name, nor an age of 1970 or 1980', () => {
    for (const createdAt of ['1970-01-01T00:00:00.000Z', '1980-01-01T00:00:01.000Z', '']) {
      assert.equal(rowOf({ platforms: [{ os: '', architecture: '' }], createdAt })[1], '184 MB');
    }
  });

  test('of an untagged image says so aloud', () => {
    const [icon, , spoken] = rowOf({ references: [] });
    assert.deepEqual([icon, spoken], ['circle-slash', 'Image aaaaaaaaaaaa, untagged, 184 MB, 5 min ago']);
  });
});
