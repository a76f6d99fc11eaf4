import { createApp } from 'vue';
import './element.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/element.css';
import App from './App.vue';
import { i18n } from './i18n.ts';
import { router } from './router.ts';
import './theme.ts';

createApp(App).use(i18n).use(router).mount('#app');
