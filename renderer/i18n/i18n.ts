import { createI18n } from 'vue-i18n';
import { en, type Messages } from './en.ts';

export const LOCALES = ['en', 'zh'] as const;
export type Locale = (typeof LOCALES)[number];

export const i18n = createI18n<[Messages], Locale, false>({
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only way to the composition API until vue-i18n 12, which has no other
  legacy: false,
  locale: 'en',
  fallbackLocale: 'en',
  messages: { en } as Record<Locale, Messages>,
});

/** The tag for `lang` and for `Intl`. */
export const LANGUAGE_TAG: Readonly<Record<Locale, string>> = { en: 'en', zh: 'zh-CN' };

/** Switches the interface to a language, and reads its texts first if they are not here yet. */
export async function useLocale(locale: Locale): Promise<void> {
  if (locale === 'zh' && !i18n.global.availableLocales.includes('zh')) {
    const { zh } = await import('./zh.ts');
    i18n.global.setLocaleMessage('zh', zh);
  }
  i18n.global.locale.value = locale;
  document.documentElement.lang = LANGUAGE_TAG[locale];
}
