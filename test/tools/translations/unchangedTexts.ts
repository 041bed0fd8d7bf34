import type { Language } from './languages.ts';

/** Names, units and words of protocols: every language has them as they are. */
const names = [
  ...['Tea Chest', 'VS Code', 'Visual Studio Code', 'Container Tools', 'Gitea', 'Forgejo', 'idpbuilder', 'Harbor'],
  ...['Docker Desktop', 'Podman Desktop', 'Rancher Desktop', 'Docker Hub', 'Docker', 'Podman', 'docker', 'podman'],
  ...['Colima', 'Lima', 'OrbStack', 'Compose', 'Kubernetes', 'Dockerfile', 'Helm chart', 'Helm', 'WSL', 'SSH', 'ssh'],
  ...['git', 'tea'],
  ...['shell', 'OCI', 'HTTP', 'HTTPS', 'TLS', 'URL', 'JSON', 'YAML', 'gzip', 'zstd', 'sha256', 'SHA-256', 'CPU', 'ID'],
  ...['kB', 'MB', 'GB', 'TB', 'KiB', 'MiB', 'GiB'],
];

/** English texts that are right in a language as they are, though they are not only names. */
const unchanged: Readonly<Record<Language, readonly string[]>> = {
  de: [
    ...['Tea Chest for Gitea', 'Images', 'Registries', 'Pushes', 'Push', 'Tag', 'Digest', 'Bytes', 'LAYER', 'Rate'],
    ...['Image {0}', 'Image: {0}', 'Tag {0}', 'Tag: {0}', 'Digest: {0}', 'Layer {0}', 'Manifest {0}', 'Name: {0}'],
    ...['Problem: {0}', 'Registry: {0}', 'Registry {0}, {1}', 'Repository {0}, {1}', '{0} in {1}'],
    ...['{0} h', '{0} h {1} min', '{0} min', '{0} min {1} s', '{0} s'],
  ],
  ja: ['Tea Chest for Gitea'],
  'zh-cn': ['Tea Chest for Gitea'],
};

/** The list of a language. */
export function unchangedTexts(language: Language): readonly string[] {
  return unchanged[language];
}

/** Whether the text may be the same in the language. */
export function isUnchangedAllowed(language: Language, english: string): boolean {
  return unchanged[language].includes(english) || hasOnlyNames(english);
}

/** Whether a text has no word beside names, placeholders, icons, code and the targets of links. */
export function hasOnlyNames(text: string): boolean {
  const rest = text
    .replace(/`[^`]+`|\{\w+\}|\$\([\w~-]+\)|\]\([^)\s]+\)|\bteaChest\.[\w.]+/g, ' ')
    .replace(new RegExp(`(?<!\\p{L})(?:${names.join('|')})(?!\\p{L})`, 'gu'), ' ');
  return !/\p{L}/u.test(rest);
}
