/** OCI image-spec, image-index.md §platform. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** For messages: the parts of `linux/arm64/v8` that the image has; undefined if it has none. */
export function describePlatform({ os, architecture, variant = '' }: Platform): string | undefined {
  const parts = [os, architecture, variant].filter((part) => part !== '');
  return parts.length === 0 ? undefined : parts.join('/');
}

/** `linux/arm64/v8`: a key that identifies the platform. */
export function formatPlatform(platform: Platform): string {
  const base = `${platform.os}/${platform.architecture}`;
  return platform.variant === undefined || platform.variant === '' ? base : `${base}/${platform.variant}`;
}

/** Other names of architectures, and the variants that go without saying (containerd/platforms, database.go). */
const aliases: Readonly<Record<string, string>> = {
  ...{ x86_64: 'amd64', 'x86-64': 'amd64', 'amd64/v1': 'amd64', aarch64: 'arm64', 'arm64/v8': 'arm64' },
  ...{ i386: '386', armhf: 'arm/v7', armel: 'arm/v6', arm: 'arm/v7' },
};

function normalized(platform: string): string {
  const [os = '', ...rest] = platform.toLowerCase().split('/');
  const architecture = rest.join('/');
  return `${os === 'macos' ? 'darwin' : os}/${aliases[architecture] ?? architecture}`;
}

/**
 * The items whose platform a person means by `linux/arm64` or `linux/arm/v7`. If no variant is named and none is the usual
 * one, any variant.
 */
export function findByPlatform<T>(
  wanted: string,
  items: readonly T[],
  platformOf: (item: T) => Platform,
): readonly T[] {
  const asked = normalized(wanted);
  const exact = items.filter((item) => normalized(formatPlatform(platformOf(item))) === asked);
  return exact.length > 0 ? exact : items.filter((item) => matchesPlatform(wanted, platformOf(item)));
}

/** True for a platform that `linux/arm64` or `linux/arm/v7` may mean; any variant if none is named. */
export function matchesPlatform(wanted: string, platform: Platform): boolean {
  const found = normalized(formatPlatform(platform));
  const asked = normalized(wanted);
  if (asked === found) return true;
  const namesVariant = wanted.split('/').length > 2;
  return !namesVariant && found.split('/').slice(0, 2).join('/') === asked.split('/').slice(0, 2).join('/');
}
