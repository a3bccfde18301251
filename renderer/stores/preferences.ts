import { ref, watch, watchEffect } from 'vue';
import { defineStore } from 'pinia';
import { LOCALES, useLocale, type Locale } from '../i18n/i18n.ts';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const STORAGE_KEY = 'strata.preferences';

interface Stored {
  theme: Theme;
  locale: Locale;
}

/** Theme and language, kept by the browser. What is stored is checked when read: others may have written it. */
export const usePreferences = defineStore('preferences', () => {
  const stored = read();
  const theme = ref<Theme>(stored.theme);
  const locale = ref<Locale>(stored.locale);
  const darkSystem = window.matchMedia('(prefers-color-scheme: dark)');
  const systemIsDark = ref(darkSystem.matches);
  darkSystem.addEventListener('change', (event) => { systemIsDark.value = event.matches; });

  watchEffect(() => {
    const dark = theme.value === 'dark' || (theme.value === 'system' && systemIsDark.value);
    document.documentElement.dataset['theme'] = dark ? 'dark' : 'light';
  });
  watch(locale, (next) => void useLocale(next), { immediate: true });
  watch([theme, locale], () => write({ theme: theme.value, locale: locale.value }));

  return { theme, locale };
});

function read(): Stored {
  let parsed: unknown;
  try {
    parsed = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? '{}');
  } catch {
    parsed = {};
  }
  const record = typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  return {
    theme: THEMES.find((known) => known === record['theme']) ?? 'system',
    locale: LOCALES.find((known) => known === record['locale']) ?? systemLocale(),
  };
}

function write(value: Stored): void {
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(value));
  } catch {
    // Storage is full or forbidden: the choice lasts as long as the window.
  }
}

function systemLocale(): Locale {
  return navigator.languages.some((language) => language.toLowerCase().startsWith('zh')) && navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}
