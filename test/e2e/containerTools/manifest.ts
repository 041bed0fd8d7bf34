const registries = 'vscode-containers.views.registries';
const tag = `view == ${registries} && viewItem =~ /commontag/i`;

const commands = {
  'vscode-containers.activateRegistryProviders': 'Activate Registry Providers',
  'vscode-containers.images.refresh': 'Refresh',
  'vscode-containers.images.run': 'Run',
  'vscode-containers.images.push': 'Push...',
  'vscode-containers.images.tag': 'Tag...',
  'vscode-containers.registries.connectRegistry': 'Connect Registry...',
  'vscode-containers.registries.disconnectRegistry': 'Disconnect',
  'vscode-containers.registries.refresh': 'Refresh',
  'vscode-containers.registries.pullImage': 'Pull Image',
  'vscode-containers.registries.copyRemoteFullTag': 'Copy Full Tag',
  'vscode-containers.registries.copyImageDigest': 'Copy Image Digest',
  'vscode-containers.registries.inspectRemoteImageManifest': 'Inspect Manifest',
  'vscode-containers.registries.deleteImage': 'Delete Image...',
} as const;

const image = (command: keyof typeof commands, group: string): object => ({
  command,
  when: 'view == vscode-containers.views.images && viewItem == image',
  group,
});

/** The parts of Container Tools' package.json that meet ours. */
export const containerToolsManifest = {
  name: 'vscode-containers',
  displayName: 'Container Tools',
  publisher: 'ms-azuretools',
  version: '2.5.0',
  engines: { vscode: '^1.105.0' },
  main: './extension.cjs',
  activationEvents: [],
  extensionKind: ['workspace'],
  contributes: {
    viewsContainers: { activitybar: [{ id: 'containersView', title: 'Containers', icon: 'icon.svg' }] },
    views: {
      containersView: [
        { id: 'vscode-containers.views.images', name: 'Images', icon: 'icon.svg' },
        { id: registries, name: 'Registries', icon: 'icon.svg' },
      ],
    },
    commands: Object.entries(commands).map(([command, title]) => ({ command, title, category: 'Containers' })),
    menus: {
      'view/title': [
        {
          command: 'vscode-containers.registries.connectRegistry',
          when: `view == ${registries}`,
          group: 'navigation@1',
        },
        { command: 'vscode-containers.registries.refresh', when: `view == ${registries}`, group: 'navigation@9' },
      ],
      'view/item/context': [
        image('vscode-containers.images.run', 'images_1_run@1'),
        image('vscode-containers.images.push', 'images_2_general@3'),
        image('vscode-containers.images.tag', 'images_2_general@4'),
        { command: 'vscode-containers.registries.pullImage', when: tag, group: 'regs_tag_1_general@1' },
        { command: 'vscode-containers.registries.copyRemoteFullTag', when: tag, group: 'regs_tag_1_general@2' },
        {
          command: 'vscode-containers.registries.copyImageDigest',
          when: `${tag} && !(viewItem =~ /commontag;.*dockerhub/i)`,
          group: 'regs_tag_1_general@3',
        },
        {
          command: 'vscode-containers.registries.inspectRemoteImageManifest',
          when: `${tag} && !(viewItem =~ /commontag;.*dockerhub/i)`,
          group: 'regs_tag_1_general@4',
        },
        {
          command: 'vscode-containers.registries.deleteImage',
          when: `${tag} && !(viewItem =~ /commontag;.*(dockerhub|github)/i)`,
          group: 'regs_tag_2_destructive@2',
        },
        {
          command: 'vscode-containers.registries.disconnectRegistry',
          when: `view == ${registries} && viewItem =~ /commonregistryroot/i`,
          group: 'regs_yyy_destructive@1',
        },
      ],
    },
  },
} as const;
