// Green and red belong to profit, loss and side alone: everything that warns is amber or orange.
export default defineAppConfig({
  ui: {
    colors: { primary: 'indigo', neutral: 'zinc', success: 'indigo', info: 'sky', warning: 'amber', error: 'orange' },
    button: { defaultVariants: { size: 'sm' } },
  },
} as const)
