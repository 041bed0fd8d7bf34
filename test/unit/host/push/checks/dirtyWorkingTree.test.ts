import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Uri } from 'vscode';
import type { GitRepository } from '../../../../../src/host/connections/gitExtension.ts';
import { describeDirtyTree } from '../../../../../src/host/push/checks/dirtyWorkingTree.ts';

const commit = 'abcdef0123456789abcdef0123456789abcdef01';
const label = 'org.opencontainers.image.revision';

/** `changes` are found only once the state is read anew. */
function repository(folder: string, changes: number, head: string | null = commit): GitRepository {
  const state = {
    ...(head !== null && { HEAD: { commit: head } }),
    ...{ remotes: [], indexChanges: [], mergeChanges: [], workingTreeChanges: [] as unknown[] },
  };
  return {
    rootUri: { fsPath: `/src/${folder}` } as unknown as Uri,
    state,
    status: () => Promise.resolve(void (state.workingTreeChanges = Array<unknown>(changes).fill({}))),
  };
}

suite('a working tree with uncommitted changes', () => {
  test('is that of the open repository at the commit of the label', async () => {
    const repositories = [repository('other', 5, 'f'.repeat(40)), repository('app', 3)];
    const labels = { [label]: commit };
    assert.equal(
      await describeDirtyTree({ labels }, repositories),
      'It was built from the commit abcdef012345 of the folder app, which has 3 uncommitted changes now: the image may contain them.',
    );
    assert.equal(
      await describeDirtyTree({ labels }, [repository('app', 1)]),
      'It was built from the commit abcdef012345 of the folder app, which has 1 uncommitted change now: the image may contain it.',
    );
    assert.match((await describeDirtyTree({ labels: { [label]: 'ABCDEF0' } }, repositories)) ?? '', /folder app/);
    assert.equal(await describeDirtyTree({ labels }, [repository('app', 0)]), undefined);
  });

  test('is said by a label that ends with -dirty, whatever is open', async () => {
    const why = await describeDirtyTree({ labels: { [label]: 'v1.2-3-gabcdef0-dirty' } }, []);
    assert.match(why ?? '', /files that no commit has: revision “v1\.2-3-gabcdef0-dirty”/);
  });

  test('is assumed of the only open repository for an image without a label, and the sentence says so', async () => {
    const one = repository('app', 1);
    assert.equal(
      await describeDirtyTree({ labels: undefined }, [one]),
      'It does not say what it was built from, and the open folder app has 1 uncommitted change.',
    );
    assert.equal(await describeDirtyTree({ labels: {} }, [one, repository('lib', 1)]), undefined);
    assert.equal(await describeDirtyTree({ labels: {} }, []), undefined);
  });

  test('is not known of an image from another commit', async () => {
    for (const revision of ['1'.repeat(40), 'abc', 'main']) {
      assert.equal(await describeDirtyTree({ labels: { [label]: revision } }, [repository('app', 3)]), undefined);
    }
    assert.equal(await describeDirtyTree({ labels: { [label]: commit } }, [repository('app', 3, null)]), undefined);
  });
});
