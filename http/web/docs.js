// Swagger UI over our own document. validatorUrl: it would otherwise ask a server elsewhere for a badge.
SwaggerUIBundle({ url: "/v1/openapi.json", dom_id: "#docs", deepLinking: true, validatorUrl: null });
