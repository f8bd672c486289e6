// Tailwind 4 as a PostCSS plugin.

export default { plugins: { '@tailwindcss/postcss': {} } };
