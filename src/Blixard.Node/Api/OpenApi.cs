using Blixard.Client.Contracts;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Blixard.Node.Api;

/// <summary>
/// <c>/openapi/v1.json</c>: made of the endpoints and of what each accepts, so that it can't fall behind.
/// </summary>
internal static class OpenApi
{
    public const string Document = "v1";

    public static void Configure(OpenApiOptions options)
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "Blixard",
                Version = Document,
                Description = "The API of one node of a Blixard cluster; docs/api.md explains it.",
            };
            document.Servers = [];
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            var accepted = context.Description.ActionDescriptor.EndpointMetadata.OfType<AcceptedQuery>().LastOrDefault();
            foreach (var parameter in accepted?.Parameters ?? [])
            {
                (operation.Parameters ??= []).Add(new OpenApiParameter
                {
                    Name = parameter.Name,
                    In = ParameterLocation.Query,
                    Description = parameter.Description,
                    Schema = new OpenApiSchema { Type = JsonSchemaType.String },
                });
            }

            if (context.Description.HttpMethod is not "GET")
            {
                (operation.Parameters ??= []).Add(new OpenApiParameter
                {
                    Name = ApiRoutes.IdempotencyKeyHeader,
                    In = ParameterLocation.Header,
                    Description = "1 to 128 visible ASCII characters: sent again with the same key, it is done once.",
                    Schema = new OpenApiSchema { Type = JsonSchemaType.String },
                });
            }

            return Task.CompletedTask;
        });
    }
}
