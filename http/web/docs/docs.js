// Swagger UI over our own document. Without validatorUrl null it would ask another host for a badge.
SwaggerUIBundle({ url: "/v1/openapi.json", dom_id: "#docs", deepLinking: true, validatorUrl: null });
