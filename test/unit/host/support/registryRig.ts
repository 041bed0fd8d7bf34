import { RegistriesTreeView } from '../../../../src/host/views/registries/registriesTreeView.ts';
import { AddedOwners } from '../../../../src/host/registry/addedOwners.ts';
import type { Connection } from '../../../../src/host/connections/connection.ts';
import type { ConnectionStore } from '../../../../src/host/connections/connectionStore.ts';
import type { RegistryNode } from '../../../../src/host/views/registries/registryTree.ts';
import type { RegistryActionDependencies } from '../../../../src/host/commands/registryAction.ts';
import type { Credential } from '../../../../src/core/registry/types.ts';
import { startFakeGitea, type FakeGitea } from '../../../fakeGitea/fakeGitea.ts';
import type { FakeGiteaOptions } from '../../../fakeGitea/options.ts';
import { silentLogger } from '../../../tools/silentLogger.ts';
import { clientFor, type TestClient } from '../../gitea/testClient.ts';
import { buildHost, connectionTo, dev, memento } from './hostFakes.ts';

export interface RegistryRig extends RegistryActionDependencies {
  readonly store: ConnectionStore;
  readonly fakeGitea: FakeGitea;
  /** Pushes, as `dev`. */
  readonly client: TestClient;
  readonly connection: Connection;
  readonly registriesView: RegistriesTreeView;
  /** The registries whose tags were moved or deleted. */
  readonly changedTags: readonly string[];
}

interface RigOptions {
  readonly fakeGitea?: FakeGiteaOptions;
  readonly credential?: Credential;
  readonly connection?: Partial<Connection>;
  readonly sort?: () => 'newest' | 'name';
}

/** The Registries view and the access of the extension, signed in to a fake Gitea as `dev`. Needs the fake `vscode`. */
export async function buildRegistryRig(
  t: { after(work: () => void | Promise<void>): void },
  { fakeGitea: options = {}, credential = dev, connection: more = {}, sort = () => 'name' }: RigOptions = {},
): Promise<RegistryRig> {
  const fakeGitea = await startFakeGitea(options);
  const client = clientFor(fakeGitea.url, { credential: dev });
  const { store, access, signingIn } = buildHost(t);
  const connection = connectionTo(fakeGitea.origin, { webRoot: fakeGitea.url, ...more });
  await store.save(connection, credential);
  const addedOwners = new AddedOwners(memento(), () => true);
  const parts = { store, browser: access, addedOwners, sort, logger: silentLogger };
  const registriesView = new RegistriesTreeView(parts);
  t.after(async () => {
    registriesView.dispose();
    await client.close();
    await fakeGitea.close();
  });
  const changedTags: string[] = [];
  const onTagsChanged = ({ origin }: Connection): void => void changedTags.push(origin);
  const views = { registriesView, changedTags, onTagsChanged };
  return { ...signingIn, ...views, fakeGitea, client, connection, store, access, addedOwners };
}

/** The row below these labels, from the registry on. */
export async function nodeAt(view: RegistriesTreeView, ...labels: readonly string[]): Promise<RegistryNode> {
  let node: RegistryNode | undefined;
  for (const label of ['', ...labels]) {
    const nodes = await view.getChildren(node);
    node = label === '' ? nodes[0] : nodes.find((one) => view.getTreeItem(one).label === label);
    if (node === undefined) throw new Error(`no row ${label} among ${nodes.map((one) => one.id).join(', ')}`);
  }
  if (node === undefined) throw new Error('no registry');
  return node;
}

/** `label (description)` of the rows below a node. */
export async function rowsBelow(view: RegistriesTreeView, node?: RegistryNode): Promise<readonly string[]> {
  return (await view.getChildren(node)).map((one) => {
    const { label, description } = view.getTreeItem(one);
    return `${label as string} (${String(description)})`;
  });
}
