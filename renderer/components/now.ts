import { computed, onBeforeUnmount, onMounted, readonly, ref, type ComputedRef, type Ref } from 'vue';
import { useI18n } from 'vue-i18n';
import { LANGUAGE_TAG, type Locale } from '../i18n/i18n.ts';
import { formatAge, formatBinary, formatBytes, formatDuration } from '../format/quantity.ts';

/** The present in milliseconds since the epoch, moved on every `everyMs` while the component lives and the page can be seen. */
export function useNow(everyMs: number): Readonly<Ref<number>> {
  const now = ref(Date.now());
  let timer: ReturnType<typeof setInterval> | undefined;
  const tick = (): void => { if (!document.hidden) now.value = Date.now(); };
  onMounted(() => {
    timer = setInterval(tick, everyMs);
    document.addEventListener('visibilitychange', tick);
  });
  onBeforeUnmount(() => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', tick);
  });
  return readonly(now);
}

export interface Formats {
  tag: ComputedRef<string>;
  count: (value: number) => string;
  bytes: (value: number) => string;
  /** Of memory and disks. */
  binary: (bytes: number) => string;
  /** Seconds before now; nothing for images made without a date (reproducible builds say 1970). */
  age: (seconds: number) => string;
  duration: (ms: number) => string;
  /** A moment, to the second. */
  moment: (at: Date) => string;
}

/** The formats of quantities in the language that is chosen. */
export function useFormats(): Formats {
  const { locale } = useI18n();
  const tag = computed(() => LANGUAGE_TAG[locale.value as Locale]);
  return {
    tag,
    count: (value) => value.toLocaleString(tag.value),
    bytes: (value) => formatBytes(value, tag.value),
    binary: (bytes) => formatBinary(bytes, tag.value),
    age: (seconds) => (seconds > 1_500_000_000 ? '—' : formatAge(seconds, tag.value)),
    duration: (ms) => formatDuration(ms, tag.value),
    moment: (at) => at.toLocaleString(tag.value, { dateStyle: 'medium', timeStyle: 'medium' }),
  };
}
